"""Conversations: programs run on the model, and pictures of what happened.

    program -> recording -> story -> picture        Python alone: a build or a browser can do it
                              |        |
                              +--------+-> directive        what Sphinx makes of it

An import only ever points to the left of this line; ``sockets`` and ``words`` serve all of it.
"""
