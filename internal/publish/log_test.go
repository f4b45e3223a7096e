package publish

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// TestLogTellsOfCallsAndNotOfSecrets publishes twice under a log that keeps
// every level.
func TestLogTellsOfCallsAndNotOfSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	ctx := tflogtest.RootLogger(t.Context(), &log)
	aws := lambdatest.New(t)
	p := against(t, aws)
	r := request(zipOf(t, "content of the zip"))
	for range 2 {
		if _, _, err := p.Publish(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	text := log.String()
	for _, want := range []string{`"published a layer version"`, `"took over a layer version that was there"`, `"rpc.method":"Lambda/PublishLayerVersion"`, `"http.status_code":201`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not hold %s:\n%s", want, text)
		}
	}
	for _, hidden := range []string{"wJalrXUtnFEMI", "Signature=", "http.request.body", "http.response.body", "x_amz_security_token", "content of the zip"} {
		if strings.Contains(text, hidden) {
			t.Errorf("the log holds %q", hidden)
		}
	}
}

// TestLogOfLargeZips: a request of a megabyte in one line is a call as any other,
// whatever the level.
func TestLogOfLargeZips(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	ctx := tflogtest.RootLogger(t.Context(), &log)
	p := against(t, lambdatest.New(t))
	if _, _, err := p.Publish(ctx, request(bigZip(t, 1_000_000))); err != nil {
		t.Fatal(err)
	}
	if size := log.Len(); size > 20_000 || !strings.Contains(log.String(), `"rpc.method":"Lambda/PublishLayerVersion"`) {
		t.Errorf("the log has %d bytes:\n%.2000s", size, log.String())
	}
}
