"""`s3:` — an object, or every object below a prefix, from anything that speaks S3.

obstore takes the vendor's environment names itself (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL, web identity tokens). Without any credentials there, requests
go unsigned: asking the node's metadata service for its role would hand the node's rights to whoever can write
a URI.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from obstore.store import S3Store

from slipway_runtime.storage.aws_environment import allows_http, check_environment, signs
from slipway_runtime.storage.buckets import BucketSource, Vendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway_runtime.storage.uri import ModelUri

AMAZON = Vendor(
    settings="AWS_",
    # The second form is how another region answers.
    code=re.compile(r"<Code>(\w{1,64})</Code>|(redirect) without LOCATION"),
    absent=frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "InvalidBucketName"}),
    denied=frozenset(
        {
            "AccessDenied",
            "AccountProblem",
            "AllAccessDisabled",
            "AuthorizationHeaderMalformed",
            "ExpiredToken",
            "InvalidAccessKeyId",
            "InvalidToken",
            "PermanentRedirect",
            "redirect",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "XAdminUserNotFound",
        }
    ),
    rights=(
        "the access key, the secret, AWS_REGION and AWS_ENDPOINT_URL in the secret, and the key's rights"
    ),
)


def s3_source(uri: ModelUri, environ: Mapping[str, str]) -> BucketSource:
    """One object or prefix of a bucket.

    Args:
        uri: s3.
        environ: where the vendor's names are looked up.

    Raises:
        PullFailure: InvalidSettings.
    """
    check_environment(environ)

    def store(client_options: Any, **options: Any) -> S3Store:
        client_options["allow_http"] = allows_http(environ)
        return S3Store(
            uri.authority,
            client_options=client_options,
            skip_signature=not signs(environ),
            **options,
        )

    return BucketSource(uri, AMAZON, store)
