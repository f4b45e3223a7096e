package awsclient

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/hashicorp/aws-sdk-go-base/v2/validation"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// ErrNotFound tells that a layer version is not there, or not any more.
var ErrNotFound = errors.New("no such layer version")

// ErrIncomplete tells that an answer lacks what it is asked for, such as the one
// of a proxy that answers in the place of AWS. What it answers is not known to
// have happened.
var ErrIncomplete = errors.New("the answer does not come from AWS: it lacks what AWS always sends")

// ConfigError tells what keeps the AWS settings from working, one sentence
// each, without any credential.
type ConfigError struct {
	Faults []string
	cause  error
}

func (e *ConfigError) Error() string {
	return "preparing the AWS client: " + strings.Join(e.Faults, "; ")
}

// Unwrap returns the SDK's error, if there is one. Its text may hold what
// Faults leaves out: show Faults.
func (e *ConfigError) Unwrap() error { return e.cause }

// LimitError tells that a value of a request is outside what AWS takes.
type LimitError struct {
	// Attribute is region, layer_name, description, license_info,
	// compatible_runtimes, compatible_architectures, package, s3 or signing.
	Attribute string
	// Problem is the rest of the sentence, with the value and the limit.
	Problem string
}

func (e *LimitError) Error() string { return e.Attribute + " " + e.Problem }

// VanishedError tells that a staged object is not there any more.
type VanishedError struct{ *LimitError }

// Unwrap returns the error that a user sees.
func (e *VanishedError) Unwrap() error { return e.LimitError }

// AccessDeniedError tells that the credentials lack a permission.
type AccessDeniedError struct {
	// Action is in IAM's form, such as "lambda:PublishLayerVersion".
	Action string
	cause  error
}

func (e *AccessDeniedError) Error() string {
	return fmt.Sprintf("the credentials lack the permission %s: %v", e.Action, e.cause)
}

// Unwrap returns AWS's own words.
func (e *AccessDeniedError) Unwrap() error { return e.cause }

// CredentialsError tells that AWS does not accept the credentials at all.
type CredentialsError struct{ cause error }

func (e *CredentialsError) Error() string {
	return fmt.Sprintf("AWS does not accept the credentials: %v", e.cause)
}

// Unwrap returns AWS's own words.
func (e *CredentialsError) Unwrap() error { return e.cause }

// QuotaError tells that the account is at a quota.
type QuotaError struct {
	// Quota is "code storage" or "request rate".
	Quota string
	cause error
}

func (e *QuotaError) Error() string {
	return fmt.Sprintf("the account's %s quota is used up: %v", e.Quota, e.cause)
}

// Unwrap returns AWS's own words.
func (e *QuotaError) Unwrap() error { return e.cause }

// redacted is an error whose text shows no credential.
type redacted struct {
	text  string
	cause error
}

func (e *redacted) Error() string { return e.text }

func (e *redacted) Unwrap() error { return e.cause }

// Explain turns an error of the SDK into one of this room's, with AWS's own
// sentence and no credential in it.
func (s *Session) Explain(err error) error {
	if err == nil {
		return nil
	}
	text := s.keys.hidden.Show(Message(err))
	plain := &redacted{text: text, cause: err}
	var said smithy.APIError
	if !errors.As(err, &said) {
		return plain
	}
	switch code := said.ErrorCode(); code {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "Forbidden":
		return &AccessDeniedError{Action: actionOf(err), cause: plain}
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidSignatureException",
		"SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "InvalidToken", "MissingAuthenticationTokenException",
		"IncompleteSignature", "RequestExpired", "RequestTimeTooSkewed":
		return &CredentialsError{cause: plain}
	case "NoSuchBucket":
		return &LimitError{Attribute: "s3", Problem: "names a bucket that does not exist (" + text + ")"}
	case "PermanentRedirect", "AuthorizationHeaderMalformed":
		return &LimitError{Attribute: "s3", Problem: "names a bucket of another region than the layer's: AWS wants both in one (" + text + ")"}
	case "CodeStorageExceededException":
		return &QuotaError{Quota: "code storage", cause: plain}
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: %w", ErrNotFound, plain)
	case "RequestEntityTooLargeException", "RequestTooLargeException":
		return &LimitError{Attribute: "package", Problem: "is too large for a request: " + text}
	case "InvalidParameterValueException":
		if strings.Contains(said.ErrorMessage(), "Unzipped size") {
			return &LimitError{Attribute: "package", Problem: fmt.Sprintf("takes more than %d bytes unzipped", runtimes.MaxUnzipped)}
		}
		if strings.Contains(said.ErrorMessage(), fromS3) {
			limit := &LimitError{Attribute: "s3", Problem: "names what Lambda cannot read: " + text}
			if strings.Contains(text, "NoSuchKey") || strings.Contains(text, "NoSuchVersion") {
				return &VanishedError{limit}
			}
			return limit
		}
	}
	if throttled(err) {
		return &QuotaError{Quota: "request rate", cause: plain}
	}
	return plain
}

// ExplainAbsence is explain for a service whose absent things are no layer
// versions.
func (s *Session) ExplainAbsence(err error) error {
	if IsCode(err, "ResourceNotFoundException") {
		return &redacted{text: s.keys.hidden.Show(Message(err)), cause: err}
	}
	return s.Explain(err)
}

// fromS3 is in Lambda's messages about a staged zip.
const fromS3 = "GetObject"

// actionOf names the permission of the failed call, such as "s3:PutObject".
func actionOf(err error) string {
	op := operationOf(err)
	if op == nil {
		return "for the call"
	}
	var said smithy.APIError
	if errors.As(err, &said) && op.Service() == "Lambda" && strings.Contains(said.ErrorMessage(), fromS3) {
		return "s3:GetObject" // Lambda reads the staged zip with the caller's permissions
	}
	action := strings.ToLower(op.Service()) + ":" + op.Operation()
	return cmp.Or(otherAction[action], action)
}

// otherAction has the permissions that IAM calls by another name than the call
// (Service Authorization Reference, "Actions defined by AWS Lambda" and "by Amazon S3").
var otherAction = map[string]string{"lambda:Invoke": "lambda:InvokeFunction", "s3:HeadObject": "s3:GetObject"}

// operationOf returns the call that failed: the innermost one, since a call may
// fail for the one that fetches its credentials. It returns nil if none did.
func operationOf(err error) *smithy.OperationError {
	var innermost *smithy.OperationError
	for op, ok := errors.AsType[*smithy.OperationError](err); ok; op, ok = errors.AsType[*smithy.OperationError](op.Err) {
		innermost = op
	}
	return innermost
}

// Message returns AWS's own code and words if there are any, or the network's,
// without what AWS appends to a signature error: the request as signed, session token included.
func Message(err error) string {
	text := err.Error()
	var said smithy.APIError
	var sending *smithyhttp.RequestSendError
	var unsent *unsentError
	op := operationOf(err)
	switch {
	case errors.As(err, &unsent):
		text = unsent.Error()
	case errors.As(err, &said):
		text = said.ErrorCode() + ": " + said.ErrorMessage()
	case op != nil && errors.As(err, &sending):
		text = "no answer to " + op.Operation() + ": " + sending.Err.Error()
	}
	text, _, _ = strings.Cut(text, "The Canonical String")
	return strings.TrimSpace(text)
}

// StatusOf returns the HTTP status of the answer that err reports, or 0 when
// there was none.
func StatusOf(err error) int {
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return answer.HTTPStatusCode()
	}
	return 0
}

// HeaderOf returns a header of the answer that err reports, "" where there is
// none.
func HeaderOf(err error, name string) string {
	answer, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || answer.Response == nil || answer.Response.Response == nil {
		return ""
	}
	return answer.Response.Header.Get(name)
}

// IsCode reports whether err is an error of AWS with the code.
func IsCode(err error, code string) bool {
	said, ok := errors.AsType[smithy.APIError](err)
	return ok && said.ErrorCode() == code
}

// CheckRegion accepts the regions of AWS.
func CheckRegion(region string) error {
	if err := validation.SupportedRegion(region); err != nil {
		return &LimitError{Attribute: "region", Problem: fmt.Sprintf("is %q, which is not known: check its spelling, or set skip_region_validation for a new one", region)}
	}
	return nil
}

// The statuses with which S3 tells of an object that is not there, is there, or
// is being written.
const (
	StatusNotFound     = 404
	StatusConflict     = 409
	StatusPrecondition = 412
)

// NoObject reports whether S3 says that the bucket has no such object.
func NoObject(err error) bool {
	return StatusOf(err) == StatusNotFound && !IsCode(err, "NoSuchBucket")
}

// Optional returns what a call sends for a text: nothing where it is empty.
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
