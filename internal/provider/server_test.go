package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// TestServerShowsNoSecrets validates configurations whose texts come back in
// errors: a token in an address, the value of a variable, what a terminal obeys.
func TestServerShowsNoSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env = map[string]string{"ACME_TOKEN": "CANARYvariable"}
	server, err := w.providers()["layerbuild"]()
	if err != nil {
		t.Fatal(err)
	}
	server.(*served).secrets.Learn("ACME_TOKEN", w.env["ACME_TOKEN"])
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{
		"user:CANARYform@registry.example.com/x ==1", "git+https://CANARYform@github.com/acme/x ==", "bad CANARYvariable name",
		"x \x1b[2K\x1b[1A y", "a\n::error::taken for a command",
	} {
		config, err := dynamic(valueOf(schemas.ResourceSchemas["layerbuild_package"].ValueType(), map[string]any{
			"runtimes": []any{"python3.12"}, "architectures": []any{"x86_64"}, "python": map[string]any{"requirements": []any{written}},
		}))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: "layerbuild_package", Config: config})
		if err != nil || len(answer.Diagnostics) == 0 {
			t.Fatalf("%q: got %v, %v, want an error", written, answer, err)
		}
		for _, d := range answer.Diagnostics {
			text := d.Summary + "\n" + d.Detail
			if strings.Contains(text, "CANARY") || strings.Contains(text, "\x1b") || regexp.MustCompile(`(?m)^::`).MatchString(text) {
				t.Errorf("%q: the diagnostic shows %q", written, text)
			}
		}
	}
}

// TestEscapesOfAnAuthorStayOutOfTheTerminal plans a package whose author wrote
// what a terminal obeys.
func TestEscapesOfAnAuthorStayOutOfTheTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("requirements.txt", "requests \x1b[1A\x1b[2K ; nonsense\n")
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{{
		Config: w.config(`
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements_file = %q }
}`, w.dir+"/requirements.txt"),
		ExpectError: regexp.MustCompile(`\\x1b\[1A`),
	}}})
}

// TestDiagnosticsNameTheirArgument: Terraform shows the line of an outermost
// argument alone, so the text names what lies deeper, once.
func TestDiagnosticsNameTheirArgument(t *testing.T) {
	t.Parallel()
	deep := tftypes.NewAttributePath().WithAttributeName("python").WithAttributeName("requirements")
	for name, c := range map[string]struct {
		at              *tftypes.AttributePath
		summary, detail string
		want            string
	}{
		"deep":             {deep, "Null List Value", "This attribute contains a null value.", "This attribute contains a null value.\n\nThe argument is python.requirements."},
		"deep element":     {deep.WithElementKeyInt(2), "Malformed", "It is wrong.", "It is wrong.\n\nThe argument is python.requirements[2]."},
		"map":              {tftypes.NewAttributePath().WithAttributeName("canary").WithAttributeName("json").WithElementKeyString("a.b"), "Null", "None.", "None.\n\nThe argument is canary.json[\"a.b\"]."},
		"element of set":   {tftypes.NewAttributePath().WithAttributeName("endpoints").WithElementKeyValue(tftypes.NewValue(tftypes.String, "s3cret")).WithAttributeName("s3"), "Wrong", "It is.", "It is."},
		"named in detail":  {deep, "Malformed", "python.requirements has a null.", "python.requirements has a null."},
		"named in summary": {deep, "No argument in python.requirements", "Write one.", "Write one."},
		"outermost":        {tftypes.NewAttributePath().WithAttributeName("runtimes").WithElementKeyInt(1), "Unknown", "It is none.", "It is none."},
		"nowhere":          {nil, "Lost", "It is.", "It is."},
	} {
		d := &tfprotov6.Diagnostic{Summary: c.summary, Detail: c.detail, Attribute: c.at}
		(&served{secrets: &secret.Keeper{}}).show([]*tfprotov6.Diagnostic{d})
		if d.Detail != c.want {
			t.Errorf("%s: got %q, want %q", name, d.Detail, c.want)
		}
	}
}
