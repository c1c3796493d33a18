"""The settings that the emulator drops: how they are put, and how they are read back."""

# pylint: disable=invalid-name  # botocore's own names

from localcloud.reapplied import SETTINGS, DeployedSettings, Resource, present, typed


class Client:
    class exceptions:  # noqa: N801 - botocore's own name
        class ClientError(Exception):
            pass

    def __init__(self, **answers):
        self.calls = []
        self.answers = answers

    def __getattr__(self, operation):
        def call(**arguments):
            self.calls.append((operation, arguments))
            answer = self.answers.get(operation, {})
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def setting(resource_type, name):
    return next(one for one in SETTINGS[resource_type] if one.property == name)


def test_numbers_and_truth_values_written_as_strings_are_typed():
    assert typed({"a": "true", "b": ["7", "x7"], "c": 3}) == {"a": True, "b": [7, "x7"], "c": 3}


def test_an_account_number_stays_a_string():
    assert typed("000000000000") == "000000000000"


def test_only_the_settings_that_a_template_names_are_present():
    table = Resource(type="AWS::DynamoDB::Table", id="t", properties={"SSESpecification": {}})

    assert [one.property for one in present(table)] == ["SSESpecification"]


def test_a_lifecycle_rule_is_written_as_the_api_wants_it():
    rules = {
        "Rules": [
            {
                "Id": "old",
                "Status": "Enabled",
                "ExpirationInDays": "90",
                "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}],
            }
        ]
    }

    bucket = Resource(type="AWS::S3::Bucket", id="b", properties={"LifecycleConfiguration": rules})

    wanted = setting("AWS::S3::Bucket", "LifecycleConfiguration").wanted_of(bucket)

    assert wanted == {
        "Rules": [
            {
                "ID": "old",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "Expiration": {"Days": 90},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                "Transitions": [{"StorageClass": "STANDARD_IA", "Days": 30}],
            }
        ]
    }


def test_a_templates_filters_are_kept():
    rule = {
        "Status": "Enabled",
        "Prefix": "a/",
        "TagFilters": [{"Key": "kind", "Value": "draft"}],
        "ObjectSizeLessThan": "5",
        "ExpirationInDays": 3,
    }
    bucket = {"LifecycleConfiguration": {"Rules": [rule]}}
    resource = Resource(type="AWS::S3::Bucket", id="b", properties=bucket)

    [kept] = setting("AWS::S3::Bucket", "LifecycleConfiguration").wanted_of(resource)["Rules"]

    assert kept["Expiration"] == {"Days": 3}
    assert kept["Filter"] == {
        "And": {
            "Prefix": "a/",
            "ObjectSizeGreaterThan": 0,
            "ObjectSizeLessThan": 5,
            "Tags": rule["TagFilters"],
        }
    }


def test_a_setting_holds_when_it_reads_back_as_deployed():
    cors = setting("AWS::ApiGatewayV2::Api", "CorsConfiguration")
    api = Resource(
        type="AWS::ApiGatewayV2::Api",
        id="a",
        properties={"CorsConfiguration": {"AllowOrigins": ["http://a"], "MaxAge": "60"}},
    )
    found = {"AllowOrigins": ["http://a"], "MaxAge": 60, "AllowCredentials": False}

    assert cors.holds(Client(get_api={"CorsConfiguration": found}), api)


def test_a_setting_that_reads_back_otherwise_does_not_hold():
    cors = setting("AWS::ApiGatewayV2::Api", "CorsConfiguration")
    api = Resource(
        type="AWS::ApiGatewayV2::Api",
        id="a",
        properties={"CorsConfiguration": {"AllowOrigins": ["http://a"]}},
    )

    assert not cors.holds(Client(get_api={"CorsConfiguration": {"AllowOrigins": ["*"]}}), api)


def test_a_setting_that_cannot_be_read_does_not_hold():
    encryption = setting("AWS::S3::Bucket", "BucketEncryption")
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    bucket = Resource(
        type="AWS::S3::Bucket",
        id="b",
        properties={"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}},
    )

    assert not encryption.holds(
        Client(get_bucket_encryption=Client.exceptions.ClientError()), bucket
    )


def test_a_deleted_resource_is_forgotten_and_the_others_are_kept(tmp_path):
    (tmp_path / "state").mkdir()
    kept = DeployedSettings(tmp_path)
    kept.keep(Resource(type="AWS::SNS::Topic", id="one", properties={"KmsMasterKeyId": "k"}))
    kept.keep(Resource(type="AWS::SNS::Topic", id="two", properties={"KmsMasterKeyId": "k"}))

    kept.forget(Resource(type="AWS::SNS::Topic", id="one"))

    assert [resource.id for resource in kept.read()] == ["two"]
