package wheel

import (
	"strings"
	"testing"
)

// TestLeaveOut has boto3, which needs its own parts and idna, beside what the
// user asks for.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	wheels := func() []Wheel {
		return []Wheel{
			{Name: "boto3", Requires: []string{"botocore", "s3transfer", "six"}}, {Name: "botocore", Requires: []string{"jmespath", "six"}},
			{Name: "idna"}, {Name: "jmespath"}, {Name: "requests", Requires: []string{"idna"}}, {Name: "s3transfer", Requires: []string{"botocore"}}, {Name: "six"},
		}
	}
	for _, c := range []struct {
		name  string
		out   LeaveOut
		roots []string // nil: as for a lock file
		want  string
	}{
		{"nothing", LeaveOut{}, []string{"boto3", "requests"}, "boto3 botocore idna jmespath requests s3transfer six"},
		{"a name", LeaveOut{Names: []string{"idna"}}, []string{"boto3", "requests"}, "boto3 botocore jmespath requests s3transfer six"},
		{"the SDK", LeaveOut{WithNeeds: RuntimeSDK()}, []string{"boto3", "requests"}, "idna requests"},
		{"the SDK but what is asked for", LeaveOut{WithNeeds: RuntimeSDK()}, []string{"boto3", "requests", "six"}, "idna requests six"},
		{"a name of a lock file", LeaveOut{Names: []string{"idna"}}, nil, "boto3 botocore jmespath requests s3transfer six"},
		{"the SDK of a lock file", LeaveOut{WithNeeds: RuntimeSDK()}, nil, "idna requests six"},
	} {
		all := wheels()
		roots := c.roots
		if roots == nil {
			roots = BesideSDK(all)
		}
		var got []string
		for _, w := range c.out.Apply(roots, all) {
			got = append(got, w.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %q", c.name, strings.Join(got, " "), c.want)
		}
	}
}
