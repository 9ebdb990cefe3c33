"""Search and recommendation for people: `Searcher`, the HTTP API and the page."""
