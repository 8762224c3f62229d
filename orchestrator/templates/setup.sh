#!/bin/sh
# Makes in account {{account}} what the fleet {{fleet}} acts on, beside instances: a queue of notices, a bucket for lease and journal, a document
# of SSM, a target group. Read it before you run it: it changes the account, with your own credentials. Run again, it goes on where it
# stopped. Prints the part `live` of fleet.yaml. VPC: the one that instances are in; the default one where it is not set.
set -eu
cd "$(dirname "$0")"
export AWS_DEFAULT_REGION={{region}} AWS_PAGER=

account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != {{account}} ]; then
  echo "these credentials are of account $account, and this was written for {{account}}" >&2
  exit 2
fi
vpc=${VPC:-$(aws ec2 describe-vpcs --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId' --output text)}

# Notices of the account and region, by EventBridge.
queue=$(aws sqs create-queue --queue-name synkti-{{fleet}} --query QueueUrl --output text)
aws events put-rule --name synkti-{{fleet}} --event-pattern \
  '{"source":["aws.ec2"],"detail-type":["EC2 Spot Instance Interruption Warning","EC2 Instance Rebalance Recommendation"]}' >/dev/null
aws sqs set-queue-attributes --queue-url "$queue" --attributes file://queue-policy.json
aws events put-targets --rule synkti-{{fleet}} \
  --targets Id=queue,Arn=arn:aws:sqs:{{region}}:{{account}}:synkti-{{fleet}} >/dev/null

# Lease and journal: private, and to be read and written by TLS alone (iam-policy says so).
bucket=synkti-{{account}}-{{region}}
aws s3api head-bucket --bucket "$bucket" >/dev/null 2>&1 || aws s3 mb "s3://$bucket" >/dev/null
aws s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
  BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true

# Fixed commands on an instance.
aws ssm describe-document --name synkti-{{fleet}} >/dev/null 2>&1 ||
  aws ssm create-document --name synkti-{{fleet}} --document-type Command --content file://ssm-document.json >/dev/null

# Which replicas are sent requests: the agent answers the health check on port 8080, and lets go within 10 s of a notice.
group=$(aws elbv2 describe-target-groups --names {{fleet}} --query 'TargetGroups[0].TargetGroupArn' --output text 2>/dev/null ||
  aws elbv2 create-target-group --name {{fleet}} --protocol HTTP --port 8000 --vpc-id "$vpc" --target-type instance \
    --health-check-port 8080 --health-check-path / --health-check-interval-seconds 5 --health-check-timeout-seconds 2 \
    --healthy-threshold-count 2 --unhealthy-threshold-count 2 --query 'TargetGroups[0].TargetGroupArn' --output text)
aws elbv2 modify-target-group-attributes --target-group-arn "$group" \
  --attributes Key=deregistration_delay.timeout_seconds,Value=60 >/dev/null

cat <<END
live:
  targetGroupArn: $group
  engine: { url: "http://ADDRESS:8000", port: 8000, model: NAME }
  queueUrl: $queue
  store: { bucket: $bucket, prefix: {{fleet}}/ }
  ssmDocument: synkti-{{fleet}}
END
