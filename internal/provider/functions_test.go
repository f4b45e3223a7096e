package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// TestFunctions calls each function through the real CLI.
func TestFunctions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	output := func(value string) string {
		return w.config("output \"o\" {\n  value = %s\n}\n", value)
	}
	is := func(value string, want knownvalue.Check) resource.TestStep {
		return resource.TestStep{Config: output(value), ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("o", want)}}
	}
	text := knownvalue.StringExact
	steps := []resource.TestStep{
		is(`provider::layerbuild::runtime("python3.12")`, knownvalue.ObjectExact(map[string]knownvalue.Check{
			"id": text("python3.12"), "family": text("python"), "language_version": text("3.12"), "system": text("Amazon Linux 2023"), "glibc": text("2.34"),
			"paths":      knownvalue.ListExact([]knownvalue.Check{text("python"), text("python/lib/python3.12/site-packages")}),
			"deprecated": text("2028-10-31"), "create_blocked": text("2028-11-30"), "update_blocked": text("2029-01-10"), "preview": knownvalue.Bool(false),
		})),
		is(`provider::layerbuild::runtime("provided.al2023").language_version == null`, knownvalue.Bool(true)),
		is(`provider::layerbuild::parse_layer_version_arn("arn:aws-cn:lambda:cn-north-1:123456789012:layer:deps:7")`, knownvalue.ObjectExact(map[string]knownvalue.Check{
			"partition": text("aws-cn"), "region": text("cn-north-1"), "account_id": text("123456789012"), "layer_name": text("deps"),
			"layer_arn": text("arn:aws-cn:lambda:cn-north-1:123456789012:layer:deps"), "version": knownvalue.Int64Exact(7),
		})),
	}
	for value, want := range map[string][]string{
		`["Requests [Socks, security] >= 2, <3", "idna==3.7", "requests[security,socks]<3,>=2", "A_b.c; python_version>'3.8'"]`: {`a-b-c; python_version > "3.8"`, "idna==3.7", "requests[security,socks]<3,>=2"},
		`["idna==3.7 --hash=sha256:` + strings.Repeat("AB", 32) + `"]`:                                                          {"idna==3.7 --hash=sha256:" + strings.Repeat("ab", 32)},
		`[]`: {},
	} {
		var all []knownvalue.Check
		for _, w := range want {
			all = append(all, text(w))
		}
		steps = append(steps, is("provider::layerbuild::normalize_requirements("+value+")", knownvalue.ListExact(all)))
	}
	for _, c := range []struct{ runtime, kind, want string }{
		{"python3.12", "packages", "python"},
		{"python3.12", "versioned_packages", "python/lib/python3.12/site-packages"},
		{"nodejs22.x", "packages", "nodejs/node_modules"},
		{"nodejs22.x", "versioned_packages", "nodejs/node22/node_modules"},
		{"nodejs22.x", "programs", "bin"},
		{"python3.12", "libraries", "lib"},
	} {
		steps = append(steps, is(fmt.Sprintf("provider::layerbuild::layer_path(%q, %q)", c.runtime, c.kind), text(c.want)))
	}
	for value, want := range map[string]string{
		`provider::layerbuild::runtime("python3.21")`:                           `is[\s│]+not[\s│]+a[\s│]+current[\s│]+Lambda[\s│]+runtime:[\s│]+did[\s│]+you[\s│]+mean[\s│]+"python3.1`,
		`provider::layerbuild::parse_layer_version_arn("x")`:                    `Invalid value for "arn" parameter`,
		`provider::layerbuild::layer_path("python3.12", "wheel")`:               `(?s)Invalid value for "kind" parameter.*write[\s│]+one[\s│]+of[\s│]+libraries,[\s│]+packages`,
		`provider::layerbuild::layer_path("provided.al2023", "packages")`:       `provided.al2023[\s│]+has[\s│]+no[\s│]+path`,
		`provider::layerbuild::normalize_requirements(["idna", "a=1", "-r x"])`: `(?s)Invalid value for "requirements" parameter.*requirements\[2\]`,
		`provider::layerbuild::normalize_requirements(["idna", "a=1", "b;"])`:   `(?s)requirements\[1\].*"a=1".*requirements\[2\]`,
		`provider::layerbuild::normalize_requirements(["idna", null])`:          `requirements\[1\][\s│]+is[\s│]+null:[\s│]+leave[\s│]+it[\s│]+out,[\s│]+as[\s│]+compact\(\)[\s│]+does\.[\s│]`,
		`provider::layerbuild::normalize_requirements([null])`:                  `requirements\[0\][\s│]+is[\s│]+null`,
	} {
		steps = append(steps, resource.TestStep{Config: output(value), ExpectError: regexp.MustCompile(want)})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: steps})
}
