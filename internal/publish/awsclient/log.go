package awsclient

import (
	"context"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/hashicorp/aws-sdk-go-base/v2/logging"
)

// Inform logs what publishing decided, at the level INFO of the run that ctx
// belongs to.
func Inform(ctx context.Context, text string, fields map[string]any) {
	logging.TfLogger("").Info(ctx, text, fields)
}

// callLogger writes to Terraform's log what aws-sdk-go-base tells and a line for
// each call, at the level DEBUG. It keeps what calls are about and never a header
// or a body: those hold credentials, and zips.
type callLogger struct {
	logging.TfLogger
	hidden func() secrets // what no line may hold
}

// loggedFields begin the names of the fields that are kept.
var loggedFields = []string{"aws.region", "http.duration", "http.method", "http.resend_count", "http.status_code", "http.url", "rpc.", "tf_aws.sdk", "tf_aws.custom_endpoint", "tf_aws.signing_region"}

// SubLogger returns the same logger: the log of a provider has no parts.
func (l callLogger) SubLogger(ctx context.Context, _ string) (context.Context, logging.Logger) {
	return ctx, l
}

// SetField adds a field to later lines, if it may be kept.
func (l callLogger) SetField(ctx context.Context, key string, value any) context.Context {
	if kept, ok := l.keep(key, value); ok {
		return l.TfLogger.SetField(ctx, key, kept)
	}
	return ctx
}

// Warn, Info, Debug and Trace write a line without what it must not hold.
func (l callLogger) Warn(ctx context.Context, text string, fields ...map[string]any) {
	l.TfLogger.Warn(ctx, l.hidden().redact(text), l.keepAll(fields))
}

// Info is as Warn.
func (l callLogger) Info(ctx context.Context, text string, fields ...map[string]any) {
	l.TfLogger.Info(ctx, l.hidden().redact(text), l.keepAll(fields))
}

// Debug is as Warn.
func (l callLogger) Debug(ctx context.Context, text string, fields ...map[string]any) {
	l.TfLogger.Debug(ctx, l.hidden().redact(text), l.keepAll(fields))
}

// Trace is as Warn.
func (l callLogger) Trace(ctx context.Context, text string, fields ...map[string]any) {
	l.TfLogger.Trace(ctx, l.hidden().redact(text), l.keepAll(fields))
}

func (l callLogger) keepAll(fields []map[string]any) map[string]any {
	kept := map[string]any{}
	for _, part := range fields {
		maps.Copy(kept, part)
	}
	for key, value := range kept {
		shown, ok := l.keep(key, value)
		if !ok {
			delete(kept, key)
			continue
		}
		kept[key] = shown
	}
	return kept
}

// keep returns what is shown of a field: of an address no query, which may be
// signed.
func (l callLogger) keep(key string, value any) (any, bool) {
	for _, prefix := range loggedFields {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		text, ok := value.(string)
		if !ok {
			return value, true
		}
		if key == "http.url" {
			u, err := url.Parse(text)
			if err != nil {
				return nil, false
			}
			u.User, u.RawQuery, u.Fragment = nil, "", ""
			text = u.String()
		}
		return l.hidden().redact(text), true
	}
	return nil, false
}

// logCalls makes the calls of a configuration write to the log of the run that
// their contexts belong to: a line for each attempt. Bodies are never read for
// it: a request may hold a whole zip.
func logCalls(c *aws.Config, l callLogger) {
	c.APIOptions = append(c.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Log",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				began := time.Now()
				out, metadata, err := next.HandleDeserialize(ctx, in)
				fields := map[string]any{
					"rpc.method":    awsmiddleware.GetServiceID(ctx) + "/" + awsmiddleware.GetOperationName(ctx),
					"aws.region":    awsmiddleware.GetRegion(ctx),
					"http.duration": time.Since(began).Milliseconds(),
				}
				if request, ok := in.Request.(*smithyhttp.Request); ok {
					fields["http.method"], fields["http.url"] = request.Method, request.URL.String()
				}
				if answer, ok := out.RawResponse.(*smithyhttp.Response); ok {
					fields["http.status_code"] = answer.StatusCode
				}
				l.Debug(ctx, "called AWS", fields)
				return out, metadata, err
			}), middleware.After)
	})
}
