"""answerloop: the back office of a career Q&A community."""
