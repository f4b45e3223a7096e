//go:build live

package provider

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// TestExamples runs "terraform test" in a copy of every folder of examples that
// has a test: it plans, applies and destroys each on a stand-in for AWS, with
// packages from the real indexes.
func TestExamples(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("../../examples/scenarios/*")
	if err != nil {
		t.Fatal(err)
	}
	folders = append(folders, "../../examples/quickstart")
	if len(folders) < 29 {
		t.Fatalf("there are only %d examples", len(folders))
	}
	listed, err := os.ReadFile("../../examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	url := lambdatest.MiniStack(t, testbed(t, "ministack"))
	exampleAccount(t, url)
	private := privateServers(t)
	media := tgz(t, "ffmpeg-7-amd64-static/ffmpeg", elfHeader(62), "ffmpeg-7-amd64-static/ffprobe", elfHeader(62)+"\n", "ffmpeg-7-amd64-static/readme.txt", "")
	downloads, _ := servedFiles(t, map[string]string{"/ffmpeg.tar.gz": media})
	cache := t.TempDir()
	signer := lambdatest.New(t)
	signer.CreateBucket("us-east-1", "acme-artifacts", true)
	signer.CreateSigningProfile("us-east-1", lambdatest.SigningProfile{Name: "layers"})
	// MiniStack's Signer writes no zip.
	elsewhere := map[string]string{"signing": signer.URL()}
	for _, folder := range folders {
		if !strings.Contains(string(listed), "]("+strings.TrimPrefix(filepath.ToSlash(folder), "../../examples/")+")") {
			t.Errorf("examples/README.md does not list %s", folder)
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, nil).uses("AWS_ENDPOINT_URL="+cmp.Or(elsewhere[filepath.Base(folder)], url), "LAYERBUILD_CACHE_DIR="+cache,
				fmt.Sprintf("TF_VAR_ffmpeg={ url = %q }", downloads+"/ffmpeg.tar.gz")).uses(private[filepath.Base(folder)]...)
			m.copyFrom(&machine{T: t, dir: folder})
			out := m.terraform(0, "test")
			if !strings.Contains(out, " 0 failed.") || strings.Contains(out, " 0 passed,") {
				t.Errorf("the test of the example did not run:\n%s", out)
			}
			if used, err := os.ReadDir(filepath.Join(m.dir, ".terraform")); err == nil && len(used) > 0 {
				t.Errorf("the example installed providers: %v", used)
			}
		})
	}
}

// privateServers serves what single examples need besides AWS and the public
// indexes, and returns the variables of each folder that name it.
func privateServers(t *testing.T) map[string][]string {
	t.Helper()
	python := indextest.New(t, "acme-utils 1.2.0\n", indextest.WithAuth("deploy", "python-token"))
	npm := indextest.NewNPM(t, "@acme/utils 1.2.0\n", indextest.WithToken("npm-token"))
	host, _, _ := servedRegistry(t, "")
	pushImage(t, host+"/amazonlinux:2023", "amd64", map[string]string{"usr/lib64/libexpat.so.1": elfHeader(62)})
	docker := newEngine(t)
	docker.tool = elfHeader(62)
	return map[string][]string{
		"images": {"TF_VAR_image=" + host + "/amazonlinux:2023"},
		"builds": {"DOCKER_HOST=" + docker.host},
		"private-indexes": {
			"UV_INDEX=acme=" + python.URL(), "UV_INDEX_ACME_USERNAME=deploy", "UV_INDEX_ACME_PASSWORD=python-token", "TF_VAR_python_index=" + python.URL(),
			"NPM_HOST=" + npm.Host(), "NPM_TOKEN=npm-token",
		},
	}
}

// TestExampleOnTwoMachines plans the example on one machine and applies the plan
// on another, which gets the folder and the plan alone. A third plans nothing.
func TestExampleOnTwoMachines(t *testing.T) {
	t.Parallel()
	url := lambdatest.MiniStack(t, testbed(t, "ministack"))
	exampleAccount(t, url)
	start := func(from *machine) *machine { return newMachine(t, from).uses("AWS_ENDPOINT_URL=" + url) }
	first := start(&machine{T: t, dir: "../../examples/scenarios/two-machines"})
	first.terraform(0, "plan", "-out=saved.tfplan")
	second := start(first)
	second.terraform(0, "apply", "saved.tfplan")
	third := start(second)
	if out := third.terraform(0, "plan", "-detailed-exitcode"); !strings.Contains(out, "No changes.") {
		t.Errorf("the third machine plans:\n%s", out)
	}
}

// exampleAccount makes what the examples expect in their account: buckets,
// functions, and a layer version that something else published.
func exampleAccount(t *testing.T, url string) {
	t.Helper()
	settings := aws.Config{Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	buckets := s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = true })
	for _, name := range []string{"acme-artifacts", "acme-layer-cache"} {
		if _, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
		if _, err := buckets.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
			Bucket: &name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
		}); err != nil {
			t.Fatal(err)
		}
	}
	code, err := os.ReadFile("../../examples/scenarios/moving-from-aws/layer.zip")
	if err != nil {
		t.Fatal(err)
	}
	functions := lambda.NewFromConfig(settings)
	if _, err := functions.PublishLayerVersion(t.Context(), &lambda.PublishLayerVersionInput{
		LayerName: aws.String("imported"), Description: aws.String("HTTP and date utilities"),
		CompatibleRuntimes: []lambdatypes.Runtime{lambdatypes.RuntimePython312}, Content: &lambdatypes.LayerVersionContentInput{ZipFile: code},
	}); err != nil {
		t.Fatal(err)
	}
	handler := []byte(zipOf(t, "app.py", "def handler(event, context):\n    return {'statusCode': 200}\n"))
	for _, name := range []string{"items-canary", "items-read", "items-write", "usage"} {
		if _, err := functions.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
			FunctionName: &name, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("app.handler"),
			Role: aws.String("arn:aws:iam::123456789012:role/items"), Code: &lambdatypes.FunctionCode{ZipFile: handler},
		}); err != nil {
			t.Fatal(err)
		}
	}
}
