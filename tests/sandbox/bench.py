"""How long the sandbox takes to describe 10,000 instances in pages of 1,000.

    python bench.py target/release/ec2-sandbox

Prints one JSON object. The answers are read but not parsed: boto3 takes longer
to parse them than the sandbox to make them.
"""

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

INSTANCES = 10_000


def pages(url, **parameters):
    """The bodies of all pages of a describe call."""
    token = {}
    while token is not None:
        body = urllib.parse.urlencode({"Version": "2016-11-15", "MaxResults": 1000} | parameters | token)
        request = AWSRequest("POST", url + "/", {"Content-Type": "application/x-www-form-urlencoded"}, body)
        SigV4Auth(Credentials("AKIASANDBOX000000000", "sandbox"), "ec2", "eu-west-1").add_auth(request)
        with urllib.request.urlopen(
            urllib.request.Request(url + "/", body.encode(), dict(request.headers))
        ) as answer:
            text = answer.read()
        yield text
        found = re.search(rb"<nextToken>(.*?)</nextToken>", text)
        token = {"NextToken": found.group(1).decode()} if found else None


def measure(binary):
    """Seconds for a start with the fleet, and for each of the two long describe calls."""
    started = time.monotonic()
    command = [binary, "--instances", str(INSTANCES), "--seed", "7", "--no-throttle"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[-1]
            result = {"instances": INSTANCES, "start_seconds": round(time.monotonic() - started, 3)}
            for action in ("DescribeInstances", "DescribeNetworkInterfaces"):
                started = time.monotonic()
                size = sum(len(text) for text in pages(url, Action=action, IncludeManagedResources="true"))
                result[action] = {"seconds": round(time.monotonic() - started, 3), "bytes": size}
            return result
        finally:
            process.terminate()


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
