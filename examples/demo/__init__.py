"""What `make run` shows: two examples under real traffic, live and replayed."""
