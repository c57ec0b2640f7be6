"""What is wrong with a Kubernetes cluster, read off the objects that its API returns.

    objects -> snapshot -> recognisers, one file a stage of a pod's life -> ranking

A recogniser follows the API's documented semantics and sees objects, conditions and events alone.
Each trouble names the object to put right, not the ones that suffer from it. Pure: no I/O.
"""
