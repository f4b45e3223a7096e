package wheel

import "testing"

func TestWhoBringsAModule(t *testing.T) {
	t.Parallel()
	const metadata = "Metadata-Version: 2.1\nName: Trace_Kit\nVersion: 1\nProvides-Extra: all\nProvides-Extra: tracer\nProvides-Extra: old\n" +
		"Requires-Dist: aws-xray-sdk (>=2) ; extra == \"tracer\" or extra == \"all\"\nRequires-Dist: pydantic; extra == \"all\"\nRequires-Dist: typing-extensions\n" +
		"Requires-Dist: PyYAML; extra == \"all\"\nRequires-Dist: tomli; extra == \"old\" and python_version < \"3.11\"\nRequires-Dist: jaraco.text; extra == \"tracer\"\n\n"
	target := Target{Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34}
	for _, c := range []struct{ module, metadata, distribution, extra string }{
		{"aws_xray_sdk.core", metadata, "aws-xray-sdk", "trace-kit[tracer]"},
		{"pydantic", metadata, "pydantic", "trace-kit[all]"},
		{"yaml", metadata, "PyYAML", "trace-kit[all]"},
		{"tomli", metadata, "tomli", ""},
		{"typing_extensions", metadata, "typing-extensions", ""},
		{"jaraco.text.x", metadata, "jaraco-text-x", "trace-kit[tracer]"},
		{"google.cloud.storage.blob", "", "google-cloud-storage", ""},
		{"requests", "", "requests", ""},
	} {
		if got := WhoBrings(c.module, []byte(c.metadata), target); got.Distribution != c.distribution || got.Extra != c.extra {
			t.Errorf("%s is brought by %+v, want %q and %q", c.module, got, c.distribution, c.extra)
		}
	}
}
