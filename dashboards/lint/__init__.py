"""The rules of grafana/dashboard-linter (https://github.com/grafana/dashboard-linter), as checks of our own.

``lint.check`` names what a dashboard breaks. Where a rule makes no sense, ``exclusions`` says where and why.
"""
