//go:build live

package command

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// standIn publishes the layers, makes the function and invokes it with each of
// the events, by AWS's own SDK. It prints an answer a line.
const standIn = `
import io, json, sys, zipfile, boto3
url, runtime, deps, shared, code, proxy, ca, *events = sys.argv[1:]
api = boto3.client("lambda", endpoint_url=url, region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="wJalrXUtnFEMI")
arns = []
for name, path in (("deps", deps), ("shared", shared)):
    with open(path, "rb") as f:
        arns.append(api.publish_layer_version(LayerName=name, Content={"ZipFile": f.read()})["LayerVersionArn"])
body = io.BytesIO()
with zipfile.ZipFile(body, "w") as z:
    z.write(code, "app.py")
api.create_function(FunctionName="items", Runtime=runtime, Role="arn:aws:iam::000000000000:role/x", Handler="app.lambda_handler",
    Code={"ZipFile": body.getvalue()}, Layers=arns, Timeout=60, Environment={"Variables": {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": ca}})
api.get_waiter("function_active_v2").wait(FunctionName="items")
for event in events:
    answer = api.invoke(FunctionName="items", Payload=event)
    print(json.dumps({"fault": answer.get("FunctionError", ""), "payload": json.loads(answer["Payload"].read())}))
`

// TestStandInRunsTheArticlesHandler: MiniStack runs the same function with the
// same layers, and it answers the same.
func TestStandInRunsTheArticlesHandler(t *testing.T) {
	t.Parallel()
	program, runtime := python(t)
	a := newArticle(t, runtime)
	deps := a.deps("whole.zip", "aws-lambda-powertools[tracer]==2.30.0")
	ca := filepath.Join(a.dir, "ca.pem")
	if err := os.WriteFile(ca, []byte(a.certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-c", standIn, lambdatest.MiniStack(t, filepath.Join(os.Getenv("LAYERBUILD_TESTBED"), "bin", "ministack")), runtime, deps, a.shared, filepath.Join(quickstart, "functions", "api", "app.py"), a.proxy, ca}
	all := calls(deps)
	for _, c := range all {
		args = append(args, c.event)
	}
	script := exec.CommandContext(t.Context(), program, args...)
	var errs bytes.Buffer
	script.Stderr = &errs
	out, err := script.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(all) {
		t.Fatalf("got %q", lines)
	}
	for i, c := range all {
		var got struct {
			Fault   string
			Payload struct {
				StatusCode int
				Body       string
			}
		}
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatal(err)
		}
		if got.Fault != "" || got.Payload.StatusCode != c.code || got.Payload.Body != c.answer {
			t.Errorf("%s: got %s", c.name, lines[i])
		}
	}
}
