"""Station 2: past threads, their passages, and the two indexes over them."""
