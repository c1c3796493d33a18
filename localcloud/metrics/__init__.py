"""Amazon CloudWatch of the embedded cloud: metrics that services publish, and alarms that ring.

The services' events are collected off the path of the request, published with AWS's names and
dimensions, and every alarm is evaluated each minute of a clock that a drill can put forward.
"""
