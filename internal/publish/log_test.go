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
	for _, hidden := range []string{p.config.SecretKey, "Signature=", "http.request.body", "http.response.body", "x_amz_security_token", "content of the zip"} {
		if strings.Contains(text, hidden) {
			t.Errorf("the log holds %q", hidden)
		}
	}
}

func TestCallLoggerKeepsWhatItKnows(t *testing.T) {
	t.Parallel()
	l := callLogger{hidden: func() secrets { return secrets{"hunter2secret"} }}
	got := l.keepAll([]map[string]any{{
		"http.url": "https://user:pw@bucket.s3.amazonaws.com/key?X-Amz-Signature=abc", "http.status_code": 200,
		"http.request.header.authorization": "AWS4 hunter2secret", "http.request.body": "x", "tf_aws.assume_role.external_id": "id",
		"rpc.method": "Get hunter2secret",
	}})
	want := map[string]any{"http.url": "https://bucket.s3.amazonaws.com/key", "http.status_code": 200, "rpc.method": "Get (hidden)"}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: got %v, want %v", key, got[key], value)
		}
	}
}
