package provider

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestImportsAreAssertedAtPlan asserts what a handler imports. What is missing is named
// with who imports it and the extra that brings it; a list that changes is judged
// anew, and one that stays is not.
func TestImportsAreAssertedAtPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.index = indextest.New(t, `
trace-kit 2.30.0
  file: trace_kit/__init__.py: from .tracer import Tracer\n
  file: trace_kit/tracer.py: class Tracer:\n    def __init__(self):\n        from xray_sdk.core import recorder\n
  extra: tracer: xray-sdk
xray-sdk 1.0
  file: xray_sdk/core.py: import json\n
`)
	w.write("shared/__init__.py", "from .response import success\nimport yaml\n")
	w.write("shared/response.py", "import json\ndef success(): pass\n")
	out := filepath.Join(w.dir, "layer.zip")
	config := func(python, more string) string {
		return w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  output_path = %q\n  python = { %s }\n  %s\n}", out, python, more)
	}
	failing := func(python, more, want string) resource.TestStep {
		return resource.TestStep{Config: config(python, more), PlanOnly: true, ExpectError: sentenceLike(want)}
	}
	w.write("own/package.json", `{"exports": {".": "./lib/a.js", "./plain": "./plain.js"}}`)
	w.write("own/lib/a.js", "const fs = require('fs')\nconst axios = require('axios')\n")
	w.write("own/plain.js", "try { require('axios') } catch {}\n")
	node := func(imports string) string {
		return w.config("\nresource \"layerbuild_package\" \"n\" {\n  runtimes = [\"nodejs22.x\"]\n  output_path = %q\n  nodejs = { imports = %s }\n  files = [{ source = %q, target = \"nodejs/node_modules/own\" }]\n}", out, imports, filepath.Join(w.dir, "own"))
	}
	shared := fmt.Sprintf(`files = [{ source = %q, target = "python/shared" }]`, filepath.Join(w.dir, "shared"))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			failing(`requirements = ["trace-kit"], imports = ["trace-kit"]`, "", `(?s)Malformed name "trace-kit".*as code imports it`),
			failing(`requirements = ["trace-kit"], imports = ["trace_kit", "trace_kit.Tracer"]`, "", `(?s)"trace_kit.Tracer" cannot be used: there is no module "xray_sdk.core".*"python/trace_kit/tracer.py" imports it in line 3, whenever Tracer is called.*"trace-kit\[tracer\]"`),
			failing(`imports = ["shared"]`, shared, `(?s)"shared" cannot be imported: there is no module "yaml".*"python/shared/__init__.py" imports it in line 2.*"PyYAML"`),
			{
				Config:           config(`requirements = ["trace-kit"], imports = ["trace_kit"]`, ""),
				ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
			failing(`requirements = ["trace-kit"], imports = ["trace_kit.Tracer"]`, "", `there is no module "xray_sdk.core"`),
			{Config: node(`["../own"]`), PlanOnly: true, ExpectError: sentenceLike(`(?s)Malformed name "../own".*as code loads it`)},
			{Config: node(`["own", "own/lib/b.js"]`), PlanOnly: true, ExpectError: sentenceLike(`(?s)"own" cannot be loaded: there is no module "axios".*"nodejs/node_modules/own/lib/a.js" loads it in line 2. Neither this layer nor nodejs22.x has the package "axios".*"own/lib/b.js" cannot be loaded.*package.json leads to no such file`)},
			{Config: node(`["own/plain", "@aws-sdk/client-s3", "node:fs"]`), PlanOnly: true, ExpectNonEmptyPlan: true},
			{
				Config:           config(`requirements = ["trace-kit[tracer]"], imports = ["trace_kit.Tracer"]`, ""),
				ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
		},
	})
}
