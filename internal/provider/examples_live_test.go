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
	if len(folders) < 20 {
		t.Fatalf("there are only %d examples", len(folders))
	}
	listed, err := os.ReadFile("../../examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	url := miniStack(t, testbed(t, "ministack"))
	exampleAccount(t, url)
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
				fmt.Sprintf("TF_VAR_ffmpeg={ url = %q }", downloads+"/ffmpeg.tar.gz"))
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
