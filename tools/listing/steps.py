"""The code of the notebooks, step by step; what is in braces is filled in."""

START = """\
import json
import os
import statistics
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

NAME = {resource}
SAMPLES = Path("samples")  # the folder next to this notebook

session = boto3.Session()
region = session.region_name
sagemaker = session.client("sagemaker")
runtime = session.client("sagemaker-runtime")
s3 = session.client("s3")

identity = session.client("sts").get_caller_identity()
role = os.environ.get("SAGEMAKER_ROLE")
if not role:  # the role that this notebook runs as
    name = identity["Arn"].split("/")[1]
    role = session.client("iam").get_role(RoleName=name)["Role"]["Arn"]

bucket = f"sagemaker-{{region}}-{{identity['Account']}}"
try:
    s3.head_bucket(Bucket=bucket)
except ClientError:
    try:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={{"LocationConstraint": region}})
    except ClientError as error:  # the oldest region takes no constraint
        if error.response["Error"]["Code"] != "InvalidLocationConstraint":
            raise
        s3.create_bucket(Bucket=bucket)

run = f"{image}-{{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}}"
print(region, role, bucket, run)"""

ALGORITHM = """\
ARNS = {{}}  # region to ARN, as AWS Marketplace shows a subscriber; empty: your own of this name

algorithm = ARNS.get(region)
if not algorithm:
    found = sagemaker.list_algorithms(NameContains=NAME)["AlgorithmSummaryList"]
    assert found, f"no algorithm {{NAME}} in {{region}}: subscribe, and put its ARN into ARNS"
    algorithm = found[0]["AlgorithmArn"]
print(algorithm)"""

PACKAGE = """\
ARNS = {{}}  # region to ARN, as AWS Marketplace shows a subscriber; empty: your own of this name

package = ARNS.get(region)
if not package:
    found = sagemaker.list_model_packages(NameContains=NAME)["ModelPackageSummaryList"]
    assert found, f"no model package {{NAME}} in {{region}}: subscribe, and put its ARN into ARNS"
    package = found[0]["ModelPackageArn"]
print(package)"""

DATA = """\
CONTENT_TYPES = {content_types}  # of each channel

channels = []
for channel, content_type in CONTENT_TYPES.items():
    for path in sorted(SAMPLES.glob(f"train/{{channel}}/**/*")):
        if path.is_file():
            s3.upload_file(str(path), bucket, f"{{run}}/{{path.relative_to(SAMPLES).as_posix()}}")
    source = {{
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{{bucket}}/{{run}}/train/{{channel}}/",
        "S3DataDistributionType": "FullyReplicated",
    }}
    channels.append(
        {{"ChannelName": channel, "ContentType": content_type, "DataSource": {{"S3DataSource": source}}}}
    )"""

TRAIN = """\
HYPERPARAMETERS = {hyperparameters}

resources = {{"InstanceType": {training}, "InstanceCount": 1, "VolumeSizeInGB": 30}}
sagemaker.create_training_job(
    TrainingJobName=run,
    AlgorithmSpecification={{"AlgorithmName": algorithm, "TrainingInputMode": "File"}},
    RoleArn=role,
    HyperParameters=HYPERPARAMETERS,
    InputDataConfig=channels,
    OutputDataConfig={{"S3OutputPath": f"s3://{{bucket}}/{{run}}/output"}},
    ResourceConfig=resources,
    StoppingCondition={{"MaxRuntimeInSeconds": 3600}},
    EnableNetworkIsolation=True,
)
sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=run)
trained = sagemaker.describe_training_job(TrainingJobName=run)
assert trained["TrainingJobStatus"] == "Completed", trained.get("FailureReason")
print({{one["MetricName"]: one["Value"] for one in trained.get("FinalMetricDataList", [])}})"""

TUNE = """\
OBJECTIVE = {objective}
RANGES = {ranges}

tuning = f"{{run}}-t"[-32:].strip("-")
sagemaker.create_hyper_parameter_tuning_job(
    HyperParameterTuningJobName=tuning,
    HyperParameterTuningJobConfig={{
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": OBJECTIVE,
        "ResourceLimits": {{"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2}},
        "ParameterRanges": RANGES,
    }},
    TrainingJobDefinition={{
        "AlgorithmSpecification": {{"AlgorithmName": algorithm, "TrainingInputMode": "File"}},
        "RoleArn": role,
        "StaticHyperParameters": {{
            name: value for name, value in HYPERPARAMETERS.items() if name not in {tuned}
        }},
        "InputDataConfig": channels,
        "OutputDataConfig": {{"S3OutputPath": f"s3://{{bucket}}/{{run}}/tuning"}},
        "ResourceConfig": resources,
        "StoppingCondition": {{"MaxRuntimeInSeconds": 3600}},
        "EnableNetworkIsolation": True,
    }},
)
while True:
    tuned = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning)
    if tuned["HyperParameterTuningJobStatus"] in ("Completed", "Stopped", "Failed"):
        break
    time.sleep(30)
assert tuned["HyperParameterTuningJobStatus"] == "Completed", tuned.get("FailureReason")
best = tuned["BestTrainingJob"]
print(best["TrainingJobName"], best["TunedHyperParameters"])
trained = sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])"""

MODEL = """\
package = sagemaker.create_model_package(
    ModelPackageName=run,
    SourceAlgorithmSpecification={{
        "SourceAlgorithms": [
            {{"AlgorithmName": algorithm, "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"]}}
        ]
    }},
)["ModelPackageArn"]
while True:
    made = sagemaker.describe_model_package(ModelPackageName=package)
    if made["ModelPackageStatus"] in ("Completed", "Failed"):
        break
    time.sleep(10)
assert made["ModelPackageStatus"] == "Completed", made.get("ModelPackageStatusDetails")"""

CREATE = """\
sagemaker.create_model(
    ModelName=run,
    PrimaryContainer={{"ModelPackageName": package}},
    ExecutionRoleArn=role,
    EnableNetworkIsolation=True,
)"""

ENDPOINT = """\
sagemaker.create_endpoint_config(
    EndpointConfigName=run,
    ProductionVariants=[
        {{
            "VariantName": "all",
            "ModelName": run,
            "InstanceType": {hosting},
            "InitialInstanceCount": 1,
        }}
    ],
)
sagemaker.create_endpoint(EndpointName=run, EndpointConfigName=run)
sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=run)"""

INVOKE = """\
REQUESTS = {requests}  # file, Content-Type, Accept


def invoke(body, content_type, accept):
    answer = runtime.invoke_endpoint(
        EndpointName=run, ContentType=content_type, Accept=accept, Body=body
    )
    return answer["Body"].read()


for file, content_type, accept in REQUESTS:
    print(file, "->", invoke((SAMPLES / file).read_bytes(), content_type, accept).decode()[:400])

one = (SAMPLES / "batch.csv").read_bytes().splitlines(keepends=True)[0]
times = []
for _ in range(20):
    started = time.perf_counter()
    invoke(one, "text/csv", "text/csv")
    times.append(1000 * (time.perf_counter() - started))
print(f"a request of one row takes {{statistics.median(times):.1f}} ms on {hosting_name}, way included")"""

BATCH = """\
s3.upload_file(str(SAMPLES / "batch.csv"), bucket, f"{{run}}/batch/batch.csv")
sagemaker.create_transform_job(
    TransformJobName=run,
    ModelName=run,
    MaxConcurrentTransforms=1,
    MaxPayloadInMB=6,
    BatchStrategy="MultiRecord",
    TransformInput={{
        "DataSource": {{"S3DataSource": {{"S3DataType": "S3Prefix", "S3Uri": f"s3://{{bucket}}/{{run}}/batch/"}}}},
        "ContentType": "text/csv",
        "CompressionType": "None",
        "SplitType": "Line",
    }},
    TransformOutput={{
        "S3OutputPath": f"s3://{{bucket}}/{{run}}/batch-output",
        "Accept": "text/csv",
        "AssembleWith": "Line",
    }},
    TransformResources={{"InstanceType": {transform}, "InstanceCount": 1}},
)
sagemaker.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=run)
answers = s3.get_object(Bucket=bucket, Key=f"{{run}}/batch-output/batch.csv.out")["Body"].read().decode()
sent = (SAMPLES / "batch.csv").read_text()
assert len(answers.splitlines()) == len(sent.splitlines()), "a line for a line"
print(answers[:400])"""

DELETE = """\
sagemaker.delete_endpoint(EndpointName=run)
sagemaker.delete_endpoint_config(EndpointConfigName=run)
sagemaker.delete_model(ModelName=run)"""

DELETE_PACKAGE = """
sagemaker.delete_model_package(ModelPackageName=package)"""
