"""siskin reprocess on Spark: YARN, Kubernetes or stand-alone. What follows "--" goes to siskin reprocess --plan.

    spark-submit deploy/spark/reprocess.py --siskin /opt/siskin/siskin -- \
        --lake swebhdfs://namenode:9871/siskin --nights 20260101..20260131 --modules rate

Siskin is installed at the same place on the driver and on every executor. Executors may die: their tasks are given to
others, and a task that is taken twice is made once.
"""

import argparse
import json
import shlex
import subprocess
import sys

from pyspark.sql import SparkSession


def main() -> int:
    parser = argparse.ArgumentParser(description="siskin reprocess on Spark")
    parser.add_argument("--siskin", default="siskin", help="the command, on every machine")
    parser.add_argument("--slices", type=int, help="Spark tasks (default: four a core)")
    parser.add_argument("reprocess", nargs="+", help="what siskin reprocess is given, after --")
    own = parser.parse_args()

    siskin = shlex.split(own.siskin)
    plan = subprocess.run([*siskin, "reprocess", "--plan", *own.reprocess], stdout=subprocess.PIPE, text=True)
    if plan.returncode == 2:
        return 2
    tasks = plan.stdout.splitlines()

    spark = SparkSession.builder.appName("siskin reprocess").getOrCreate()
    slices = own.slices or 4 * spark.sparkContext.defaultParallelism
    command = shlex.join([*siskin, "reprocess", "--tasks", "-", "--members", "1"])
    # a slice whose process fails is tried again by Spark; an answer that says "failed" is an answer
    lines = spark.sparkContext.parallelize(tasks, max(1, min(slices, len(tasks)))).pipe(command, checkCode=True)
    answers = [json.loads(line) for line in lines.collect()]
    spark.stop()

    failed = [answer for answer in answers if answer["status"] == "failed"]
    for answer in failed:
        print(f"part {answer['source']} {answer['first']} to {answer['last']}: {answer['reason']}", file=sys.stderr)
    made = sum(answer["status"] == "made" for answer in answers)
    print(json.dumps({"tasks": len(tasks), "made": made, "there": len(answers) - made - len(failed), "failed": len(failed)}))
    return 1 if failed or plan.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
