"""Conversations: programs run on the model, and pictures of what happened.

    watching -> actors -> story -> picture --+-> live         a reader's run, in the browser
                                             |
                          recording ---------+-> directive    a page's, in a build

An import only ever points to the left; ``sockets`` and ``words`` serve all of it.  What stands left
of ``live`` needs Python and ``bsdsockets`` alone.
"""
