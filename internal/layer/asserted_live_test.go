//go:build live

package layer

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
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
		_, err = b.Build(t.Context(), l, Output{Path: t.TempDir() + "/a.zip", Size: fault.SeverityOff, Shadow: fault.SeverityOff, PythonImports: strings.Fields(names)})
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

// TestLiveNodeImports asserts what popular packages of npm load.
func TestLiveNodeImports(t *testing.T) {
	b := NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: func(string) string { return "" }})
	built := func(names, dependencies string) error {
		wishes := map[string]string{}
		for name := range strings.FieldsSeq(dependencies) {
			wishes[name] = "*"
		}
		s := Spec{Runtimes: []string{"nodejs22.x"}, Architectures: []string{"x86_64"}, NodeJS: &NodeSpec{Dependencies: wishes}}
		l, err := b.Resolve(t.Context(), s, nil)
		if err != nil {
			return err
		}
		_, err = b.Build(t.Context(), l, Output{Path: t.TempDir() + "/a.zip", Size: fault.SeverityOff, Scripts: fault.SeverityOff, Shadow: fault.SeverityOff, NodeImports: strings.Fields(names)})
		return err
	}
	for _, names := range []string{
		"axios lodash uuid dayjs", "express body-parser cors helmet", "sharp", "pg mysql2 redis ioredis mongodb mongoose", "@aws-sdk/client-s3 @aws-sdk/lib-dynamodb @smithy/node-http-handler",
		"@aws-lambda-powertools/logger @aws-lambda-powertools/tracer @aws-lambda-powertools/metrics @middy/core", "zod joi ajv yup", "jsonwebtoken bcryptjs jose", "winston pino debug",
		"moment luxon date-fns", "node-fetch got undici superagent", "typeorm sequelize knex", "openai @anthropic-ai/sdk langchain", "graphql @apollo/server", "rxjs reflect-metadata tslib",
		"react react-dom next", "cheerio jsdom", "stripe twilio", "fastify koa hono", "@nestjs/core @nestjs/common", "@prisma/client", "@sentry/node @opentelemetry/api", "sequelize bluebird async",
	} {
		if err := built(names, names); err != nil {
			t.Errorf("%s: %v", names, err)
		}
	}
	wantInput(t, built("axios lodash/nothing form", "axios lodash"), "nodejs.imports[1]", `"lodash/nothing" cannot be loaded`)
}
