"""Requests over time: length distributions, arrivals, daily shapes, traces and their readers."""
