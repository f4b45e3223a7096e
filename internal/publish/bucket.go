package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// checkBucket finds what would fail later, where the bucket must do more than
// take an object for a minute: REFERENCE and signing need versions, and with
// REFERENCE Lambda itself must be let in. What may not be asked is not judged.
func (j *job) checkBucket(ctx context.Context, u *upload) error {
	need := ""
	switch {
	case u.place.reference():
		need = `s3.storage_mode "REFERENCE"`
	case j.request.Signing != nil:
		need = "signing"
	default:
		return nil
	}
	out, err := u.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &u.place.Bucket})
	if err := u.fault("looking at the bucket "+u.place.Bucket, "s3:GetBucketVersioning", err); err != nil && !hidden(err) {
		return err
	}
	if err == nil && out.Status != s3types.BucketVersioningStatusEnabled {
		return unversioned(u.place.Bucket, need)
	}
	if u.place.reference() {
		j.checkPolicy(ctx, u)
	}
	return nil
}

func unversioned(bucket, need string) error {
	return &LimitError{"s3", fmt.Sprintf("names the bucket %q, which is not versioned, and %s needs versions: switch versioning on (it may take 15 minutes until it works)", bucket, need)}
}

// checkPolicy warns if the bucket's policy can be read and does not let Lambda
// read objects.
func (j *job) checkPolicy(ctx context.Context, u *upload) {
	out, err := u.client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &u.place.Bucket})
	text := "{}"
	switch {
	case err == nil:
		text = aws.ToString(out.Policy)
	case !isCode(err, "NoSuchBucketPolicy"):
		return
	}
	if missing := notGranted([]byte(text), u.place.Bucket, u.place.Prefix); len(missing) > 0 {
		j.warn(fmt.Sprintf("The policy of the bucket %q does not seem to grant %s on %q to the principal \"lambda.amazonaws.com\", which functions need for as long as they use a layer with storage_mode \"REFERENCE\".",
			u.place.Bucket, strings.Join(missing, " and "), u.place.Bucket+"/"+u.place.Prefix+"*"))
	}
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

// UnmarshalJSON reads either form.
func (l *oneOrMore) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

type policyStatement struct {
	Effect           string
	Principal        json.RawMessage
	Action, Resource oneOrMore
}

// notGranted returns which of the actions that REFERENCE needs no statement of
// a bucket policy grants to Lambda, on some object below the prefix. Conditions
// are not judged, and a policy that cannot be read lacks nothing.
func notGranted(policy []byte, bucket, prefix string) []string {
	var document struct{ Statement []policyStatement }
	if json.Unmarshal(policy, &document) != nil {
		return nil
	}
	var missing []string
	for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion"} {
		if !slices.ContainsFunc(document.Statement, func(s policyStatement) bool {
			return s.Effect == "Allow" && s.lambda() && s.covers(action, bucket, prefix)
		}) {
			missing = append(missing, action)
		}
	}
	return missing
}

// lambda reports whether the statement is about Lambda's own principal.
func (s policyStatement) lambda() bool {
	var everyone string
	if json.Unmarshal(s.Principal, &everyone) == nil {
		return everyone == "*"
	}
	var by map[string]oneOrMore
	if json.Unmarshal(s.Principal, &by) != nil {
		return false
	}
	return slices.Contains(by["Service"], "lambda.amazonaws.com") || slices.Contains(by["AWS"], "*")
}

func (s policyStatement) covers(action, bucket, prefix string) bool {
	fits := func(pattern, text string) bool {
		// path.Match keeps "*" from crossing a slash, IAM does not.
		ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(text, "/", "\x00"))
		return err == nil && ok
	}
	return slices.ContainsFunc(s.Action, func(p string) bool { return fits(strings.ToLower(p), strings.ToLower(action)) }) &&
		slices.ContainsFunc(s.Resource, func(p string) bool {
			name := p[strings.LastIndex(p, ":")+1:]
			return fits(name, bucket+"/"+prefix+strings.Repeat("0", 64)+zipSuffix) || strings.HasPrefix(name, bucket+"/"+prefix)
		})
}

// bucketFaults are the sentences about a bucket that cannot be used: elsewhere
// takes its name, its region and the one that was asked, missing takes its name.
type bucketFaults struct{ attribute, elsewhere, missing string }

var stagingFaults = bucketFaults{
	attribute: "s3",
	elsewhere: "names the bucket %q, which is in %s, and the layer is in %s: AWS wants both in one region, so name another bucket, with \"{region}\" in its name if there is one for each region",
	missing:   "names the bucket %q, which does not exist (NoSuchBucket)",
}

// kmsAction finds the KMS permission that S3 says is missing.
var kmsAction = regexp.MustCompile(`kms:[A-Za-z]+`)

// fault explains an error of S3: the call in words, the permission if one is
// missing, and the region of a bucket that is elsewhere. It keeps the status.
func (u *upload) fault(doing, action string, err error) error {
	if err == nil {
		return nil
	}
	explained := u.explain(err)
	// What is denied may be the role that the credentials are of.
	if denied, ok := errors.AsType[*AccessDeniedError](explained); ok && strings.HasPrefix(denied.Action, "s3:") {
		denied.Action = action
		if key := kmsAction.FindString(err.Error()); key != "" {
			denied.Action = key
		}
	}
	told := u.faults
	if told == nil {
		told = &stagingFaults
	}
	if there := bucketRegion(err); there != "" && there != u.region {
		explained = &LimitError{told.attribute, fmt.Sprintf(told.elsewhere, u.place.Bucket, there, u.region)}
	}
	if isCode(err, "NoSuchBucket") {
		explained = &LimitError{told.attribute, fmt.Sprintf(told.missing, u.place.Bucket)}
	}
	if isCode(err, "BadDigest") || isCode(err, "XAmzContentChecksumMismatch") {
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
	return headerOf(err, "X-Amz-Bucket-Region")
}
