package upload

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// BucketFaults are the sentences about a bucket that cannot be used: elsewhere
// takes its name, its region and the one that was asked, missing takes its name.
type BucketFaults struct{ Attribute, Elsewhere, Missing string }

var stagingFaults = BucketFaults{
	Attribute: "s3",
	Elsewhere: "names the bucket %q, which is in %s, and the layer is in %s: AWS wants both in one region, so name another bucket, with \"{region}\" in its name if there is one for each region",
	Missing:   "names the bucket %q, which does not exist (NoSuchBucket)",
}

// kmsAction finds the KMS permission that S3 says is missing.
var kmsAction = regexp.MustCompile(`kms:[A-Za-z]+`)

// Fault explains an error of S3: the call in words, the permission if one is
// missing, and the region of a bucket that is elsewhere. It keeps the status.
func (u *Upload) Fault(doing, action string, err error) error {
	if err == nil {
		return nil
	}
	explained := u.Explain(err)
	// What is denied may be the role that the credentials are of.
	if denied, ok := errors.AsType[*awsclient.AccessDeniedError](explained); ok && strings.HasPrefix(denied.Action, "s3:") {
		denied.Action = action
		if key := kmsAction.FindString(err.Error()); key != "" {
			denied.Action = key
		}
	}
	told := u.Faults
	if told == nil {
		told = &stagingFaults
	}
	if there := bucketRegion(err); there != "" && there != u.Region {
		explained = &awsclient.LimitError{Attribute: told.Attribute, Problem: fmt.Sprintf(told.Elsewhere, u.Place.Bucket, there, u.Region)}
	}
	if awsclient.IsCode(err, "NoSuchBucket") {
		explained = &awsclient.LimitError{Attribute: told.Attribute, Problem: fmt.Sprintf(told.Missing, u.Place.Bucket)}
	}
	if awsclient.IsCode(err, "BadDigest") || awsclient.IsCode(err, "XAmzContentChecksumMismatch") {
		explained = fmt.Errorf("S3 got other bytes than were read before, so the zip changed on the way: %w", explained)
	}
	return &s3Error{text: doing + ": " + explained.Error(), explained: explained, cause: err}
}

// s3Error is a failed call of S3: what it means, and what the SDK said.
type s3Error struct {
	text             string
	explained, cause error
}

func (e *s3Error) Error() string { return e.text }

// Unwrap returns the meaning first.
func (e *s3Error) Unwrap() []error { return []error{e.explained, e.cause} }

// bucketRegion returns the region that S3 says the bucket is in, if it says so.
func bucketRegion(err error) string {
	return awsclient.HeaderOf(err, "X-Amz-Bucket-Region")
}

// Unversioned returns the fault of a bucket without versions, and what needs them.
func Unversioned(bucket, need string) error {
	return &awsclient.LimitError{Attribute: "s3", Problem: fmt.Sprintf("names the bucket %q, which is not versioned, and %s needs versions: switch versioning on (it may take 15 minutes until it works)", bucket, need)}
}
