"""answerloop: the back office of a career Q&A community."""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # read when numpy loads; on two cores its threads wait for each other:
# 3,251 × 384 by one vector takes 7.8 ms with two and 0.3 ms with one
