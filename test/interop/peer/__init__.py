"""A small P2P peer in Python, written from docs/PROTOCOL.md alone: it shares, serves and downloads with the real ones."""
