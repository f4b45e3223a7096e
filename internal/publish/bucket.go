package publish

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/policy"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
)

// checkBucket finds what would fail later, where the bucket must do more than
// take an object for a minute: REFERENCE and signing need versions, and with
// REFERENCE Lambda itself must be let in. What may not be asked is not judged.
func (j *job) checkBucket(ctx context.Context, u *upload.Upload) error {
	need := ""
	switch {
	case j.request.Staging.reference():
		need = `s3.storage_mode "REFERENCE"`
	case j.request.Signing != nil:
		need = "signing"
	default:
		return nil
	}
	switch overwrites, err := u.Overwrites(ctx); {
	case err != nil:
		return err
	case overwrites:
		return upload.Unversioned(u.Place.Bucket, need)
	}
	if j.request.Staging.reference() {
		j.checkPolicy(ctx, u)
	}
	return nil
}

// checkPolicy warns if the bucket's policy can be read and does not let Lambda
// read objects.
func (j *job) checkPolicy(ctx context.Context, u *upload.Upload) {
	out, err := u.Client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &u.Place.Bucket})
	text := "{}"
	switch {
	case err == nil:
		text = aws.ToString(out.Policy)
	case !awsclient.IsCode(err, "NoSuchBucketPolicy"):
		return
	}
	if missing := policy.NotGranted([]byte(text), u.Place.Bucket, j.request.Staging.Prefix); len(missing) > 0 {
		j.warn(fmt.Sprintf("The policy of the bucket %q does not seem to grant %s on %q to the principal \"lambda.amazonaws.com\", which functions need for as long as they use a layer with storage_mode \"REFERENCE\".",
			u.Place.Bucket, strings.Join(missing, " and "), u.Place.Bucket+"/"+j.request.Staging.Prefix+"*"))
	}
}
