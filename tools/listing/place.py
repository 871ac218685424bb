"""Whose listing it is: account, region, bucket, role, and where the repository with samples is."""

from dataclasses import dataclass

# The account that AWS's documentation uses, and a repository that is not there: both stand for the seller's.
EXAMPLE_ACCOUNT = "111122223333"
EXAMPLE_REPOSITORY = "https://github.com/example/listings"
# Where AWS Marketplace publishes from: regions that nobody has to opt into. All newer ones have to be.
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "ap-south-1"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"),
)


@dataclass(frozen=True)
class Place:
    """What the seller decides; every name of a resource is made of it."""

    account: str = EXAMPLE_ACCOUNT
    region: str = "us-east-1"
    bucket: str = ""
    role: str = ""
    repository: str = EXAMPLE_REPOSITORY
    digest: str = ""
    """The image's sha256:… as `make push` prints it."""

    @property
    def role_arn(self) -> str:
        """The role that AWS validates as; it may be given by its name alone."""
        if self.role.startswith("arn:"):
            return self.role
        return f"arn:aws:iam::{self.account}:role/{self.role or 'SageMakerExecution'}"

    def image(self, name: str, version: str) -> str:
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/slipway/{name}:{version}"

    def s3(self, name: str, path: str) -> str:
        bucket = self.bucket or f"sagemaker-{self.region}-{self.account}"
        return f"s3://{bucket}/slipway/listing/{name}/{path}"

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name}"

    def url(self, name: str, path: str) -> str:
        """Where a file of the listing is, once its folder is in the repository."""
        return f"{self.repository}/blob/main/{name}/{path}"

    def missing(self) -> list[str]:
        """What still is an example, and how to say it."""
        found = []
        if self.account == EXAMPLE_ACCOUNT:
            found.append("ACCOUNT= (AWS's example account)")
        if self.repository == EXAMPLE_REPOSITORY:
            found.append("REPOSITORY= (where the samples and the notebook will be)")
        return found
