package awsclient

import (
	"context"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/hashicorp/aws-sdk-go-base/v2/logging"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// Inform logs what publishing decided, at the level INFO of the run that ctx
// belongs to.
func Inform(ctx context.Context, text string, fields map[string]any) {
	logging.TfLogger("").Info(ctx, text, fields)
}

// logCalls makes the calls of a configuration write to the log of the run that
// their contexts belong to: a line for each attempt, at the level DEBUG. It tells
// what calls are about and never a header or a body: those hold credentials, and
// zips.
func logCalls(c *aws.Config, hidden *secret.Keeper) {
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
					fields["http.method"], fields["http.url"] = request.Method, hidden.Show(withoutQuery(request.URL))
				}
				if answer, ok := out.RawResponse.(*smithyhttp.Response); ok {
					fields["http.status_code"] = answer.StatusCode
				}
				logging.TfLogger("").Debug(ctx, "called AWS", fields)
				return out, metadata, err
			}), middleware.After)
	})
}

// withoutQuery returns an address without its user and its query, which may be
// signed.
func withoutQuery(u *url.URL) string {
	plain := *u
	plain.User, plain.RawQuery, plain.Fragment = nil, "", ""
	return plain.String()
}
