"""answerloop: the back office of a career Q&A community."""

import os

# Read when numpy loads. On two cores its threads wait for each other: 3,251 × 384 by one vector takes 7.8 ms with two, 0.3 with one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
