"""Where sensors help most against an adversary who sees the plan and reroutes.

``Problem`` holds the grid, the detection probabilities and the costs; ``solve`` returns a plan
with its bound; ``baselines`` are what planners do today; ``write_plan`` makes ``plan.json``.
"""
