package steps

import (
	"context"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// TestPublishWaitsWithItsContext ends where there is no room for the zip of one
// more region, and the caller's time is over.
func TestPublishWaitsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := &Order{Request: publish.Request{LayerName: "deps", Zip: publish.Zip{Size: zipsInFlight}}}
	o.makeRoom()
	o.uploads <- struct{}{}
	diags := o.publishAt(ctx, &Place{Region: "us-east-1", Life: &lifecycle.Place{}, Outcome: lifecycle.Outcome{Due: lifecycle.Due{Publish: lifecycle.NewBytes}}})
	if got := diags[0].Detail(); !strings.Contains(strings.ToLower(got), "waiting for the publishes in other regions") {
		t.Errorf("says %q", got)
	}
}
