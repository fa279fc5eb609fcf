"""promtool tests of the objectives: that alerts fire when they should, and are silent when they should be.

What goes in is made from the spec: counters, buckets or gauges whose good and bad parts are known, so that the time at
which an alert must fire can be computed: threshold / error ratio x long window, once that window is full.
"""
