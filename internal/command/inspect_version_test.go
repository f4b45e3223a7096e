package command

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// TestInspectAndDiffOfLayerVersions asks a stand-in for AWS, which the environment
// names, for two versions. It judges them for what they declare.
//
//nolint:paralleltest // it sets the environment
func TestInspectAndDiffOfLayerVersions(t *testing.T) {
	aws := lambdatest.New(t)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": aws.URL(), "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_REGION": "eu-west-1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "absent", "AWS_SHARED_CREDENTIALS_FILE": "absent",
	} {
		t.Setenv(name, value)
	}
	arns := make([]string, 0, 2)
	for _, idna := range []string{"3.6", "3.7"} {
		body, err := os.ReadFile(writeZip(t, map[string]string{
			"python/idna/__init__.py": "", "python/idna-" + idna + ".dist-info/METADATA": "Metadata-Version: 2.1\nName: idna\nVersion: " + idna + "\n",
			"python/m.cpython-312-aarch64-linux-gnu.so": armModule,
		}))
		if err != nil {
			t.Fatal(err)
		}
		request, err := json.Marshal(map[string]any{"Content": map[string]any{"ZipFile": body}, "CompatibleRuntimes": []string{"python3.13"}, "CompatibleArchitectures": []string{"arm64"}})
		if err != nil {
			t.Fatal(err)
		}
		post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, aws.URL()+"/2018-10-31/layers/deps/versions", bytes.NewReader(request))
		if err != nil {
			t.Fatal(err)
		}
		post.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00")
		answer, err := http.DefaultClient.Do(post)
		if err != nil {
			t.Fatal(err)
		}
		var version struct{ LayerVersionArn string }
		if err := json.NewDecoder(answer.Body).Decode(&version); err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		arns = append(arns, version.LayerVersionArn)
	}
	cache := t.TempDir()
	status, out, errs := run(t, "--json", "inspect", arns[1], "--cache-dir", cache)
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 1 {
		t.Fatalf("status %d: %v %s", status, err, errs)
	}
	if !r.JudgedFor.Declared || strings.Join(r.JudgedFor.Runtimes, "") != "python3.13" || strings.Join(r.JudgedFor.Architectures, "") != "arm64" {
		t.Errorf("judged for %+v", r.JudgedFor)
	}
	if len(r.Findings) == 0 || !strings.Contains(r.Findings[0].Summary, "CPython 3.12, not for python3.13") {
		t.Errorf("findings %+v", r.Findings)
	}
	status, out, errs = run(t, "diff", arns[0], arns[1], "--cache-dir", cache)
	if status != 1 || !strings.Contains(out, "3.6 → 3.7") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	if status, _, errs := run(t, "inspect", arns[0][:len(arns[0])-1]+"9", "--cache-dir", cache); status != 2 || !strings.Contains(errs, "deps:9") {
		t.Errorf("a version that is not there: status %d, %s", status, errs)
	}
}
