"""What `./dev` does. Only the standard library: these modules run before anything is installed."""
