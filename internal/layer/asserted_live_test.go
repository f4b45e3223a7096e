//go:build live

package layer

import (
	"strings"
	"testing"
)

// TestLiveImports asserts what popular distributions of PyPI bring: all that Python
// imports passes, and what it cannot import is named.
func TestLiveImports(t *testing.T) {
	b := NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: func(string) string { return "" }})
	built := func(names string, requirements ...string) error {
		s := Spec{Runtimes: []string{"python3.12", "python3.13"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: requirements}}
		l, err := b.Resolve(t.Context(), s, nil)
		if err != nil {
			return err
		}
		_, err = b.Build(t.Context(), l, Output{Path: t.TempDir() + "/a.zip", Size: SeverityOff, PythonImports: strings.Fields(names)})
		return err
	}
	for names, requirements := range map[string]string{
		"aws_lambda_powertools aws_lambda_powertools.Logger aws_lambda_powertools.tracing": "aws-lambda-powertools==2.30.0",
		"aws_lambda_powertools.Tracer requests aws_xray_sdk.core.xray_recorder":            "aws-lambda-powertools[tracer]==2.30.0 requests==2.31.0",
		"numpy pandas pandas.DataFrame pyarrow.parquet scipy.stats":                        "numpy pandas pyarrow scipy",
		"fastapi fastapi.FastAPI mangum.Mangum pydantic.BaseModel starlette.responses":     "fastapi mangum",
		"sqlalchemy sqlalchemy.orm.Session psycopg2 pymysql flask.Flask jinja2 redis":      "sqlalchemy psycopg2-binary pymysql flask redis",
		"google.cloud.storage grpc google.protobuf.message google.cloud.pubsub_v1":         "google-cloud-storage google-cloud-pubsub",
		"boto3 botocore six.moves dateutil.parser yaml PIL.Image cryptography.x509 jwt":    "python-dateutil six pyyaml pillow cryptography pyjwt",
		"setuptools pkg_resources distutils.core":                                          "setuptools<80",
		"openai.OpenAI aiohttp lxml.etree bs4.BeautifulSoup sentry_sdk":                    "openai aiohttp lxml beautifulsoup4 sentry-sdk",
	} {
		if err := built(names, strings.Fields(requirements)...); err != nil {
			t.Errorf("%s: %v", names, err)
		}
	}
	const tracer = "aws_lambda_powertools.Tracer"
	wantInput(t, built("requests "+tracer, "aws-lambda-powertools==2.30.0", "requests==2.31.0"), "python.imports[1]",
		`"aws_lambda_powertools.Tracer" cannot be used: there is no module "aws_xray_sdk.core"`, `"python/aws_lambda_powertools/tracing/tracer.py" imports it in line 810, whenever Tracer is called`, `"aws-lambda-powertools[tracer]"`)
	wantInput(t, built("aws_lambda_powertools.utilities.parser", "aws-lambda-powertools==2.30.0"), "python.imports[0]", `no module "pydantic`, `"aws-lambda-powertools[parser]"`)
	wantInput(t, built("passlib.hash.bcrypt requests_toolbelt", "passlib", "requests"), "python.imports[1]", `no module "requests_toolbelt"`)
}
