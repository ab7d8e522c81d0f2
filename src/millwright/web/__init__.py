"""The web door: the HTTP API, the jobs behind it, the library of saved plans, and the page on top of them."""
