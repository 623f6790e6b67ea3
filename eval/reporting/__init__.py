"""Reports of a run: one HTML page, Markdown, JUnit XML, and the trend over runs."""
