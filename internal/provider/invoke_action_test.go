package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// invoking is a provider that speaks to AWS, which has the function "app" with
// the alias "live" at home, and "far" elsewhere.
func invoking(t *testing.T, answer func(lambdatest.Invocation) lambdatest.Answer) (*protocol, *lambdatest.AWS) {
	t.Helper()
	aws := lambdatest.New(t)
	for at, name := range map[string]string{region: "app", second: "far"} {
		if err := aws.CreateFunction(at, name, 0); err != nil {
			t.Fatal(err)
		}
	}
	aws.PublishFunction(region, "app")
	aws.PointAlias(region, "app", "live", 1)
	aws.AnswerInvocations(answer)
	p := newProtocol(t, map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()})
	if found := p.configure(blockOf(p.schemas.Provider.Block, providerBase(aws.URL()))); found.failed() {
		t.Fatal(found)
	}
	return p, aws
}

// expecting is a value of the argument expect.
func (p *protocol) expecting(given map[string]tftypes.Value) tftypes.Value {
	for _, a := range p.schemas.ActionSchemas["layerbuild_invoke"].Schema.Block.Attributes {
		if a.Name == "expect" {
			return nestedValue(objectType(a.NestedType), given)
		}
	}
	panic("no expect")
}

func (p *protocol) invoke(given map[string]tftypes.Value) ([]string, said) {
	p.Helper()
	return p.act("layerbuild_invoke", blockOf(p.schemas.ActionSchemas["layerbuild_invoke"].Schema.Block, given), true)
}

// blamed returns the argument that a diagnostic points at, "" for none.
func blamed(d *tfprotov6.Diagnostic) string {
	if d.Attribute == nil {
		return ""
	}
	return d.Attribute.String()
}

func texts1(of map[string]string) tftypes.Value {
	all := map[string]tftypes.Value{}
	for key, value := range of {
		all[key] = str(value)
	}
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, all)
}

// TestInvokePasses: the function gets the payload by name, by alias and in
// another region, and the progress tells how long it took.
func TestInvokePasses(t *testing.T) {
	t.Parallel()
	var seen []string
	p, _ := invoking(t, func(i lambdatest.Invocation) lambdatest.Answer {
		seen = append(seen, fmt.Sprintf("%s %s %q %s", i.Region, i.Function, i.Qualifier, i.Payload))
		return lambdatest.Answer{Payload: []byte(`{"statusCode":200,"body":"{\"success\":true}"}`), Took: 12 * time.Millisecond}
	})
	expected := p.expecting(map[string]tftypes.Value{"status_code": num(200), "json": texts1(map[string]string{"body.success": "true"}), "max_duration_ms": num(3000)})
	for _, c := range []struct {
		given map[string]tftypes.Value
		seen  string
		told  []string
	}{
		{map[string]tftypes.Value{"function_name": str("app"), "payload": str(`{"item_id":"42"}`), "expect": expected}, region + ` app "" {"item_id":"42"}`, []string{`Invoking "app".`, `"app" answered as expected, after 12 ms.`}},
		{map[string]tftypes.Value{"function_name": str("app"), "qualifier": str("live")}, region + ` app "live" {}`, []string{`Invoking "app:live".`, `"app:live" answered as expected, after 12 ms.`}},
		{map[string]tftypes.Value{"function_name": str("far"), "region": str(second)}, second + ` far "" {}`, []string{`Invoking "far".`, `"far" answered as expected, after 12 ms.`}},
	} {
		seen = nil
		told, found := p.invoke(c.given)
		if len(found) > 0 || !slices.Equal(told, c.told) || !slices.Equal(seen, []string{c.seen}) {
			t.Errorf("%s: invoked %q, told %q, said %s", c.seen, seen, told, found)
		}
	}
}

// TestInvokeFails: each way to fail has its title, its place, and what to do.
func TestInvokeFails(t *testing.T) {
	t.Parallel()
	answer := lambdatest.Answer{Payload: []byte(`{"statusCode":500}`), Took: 12 * time.Millisecond}
	p, aws := invoking(t, func(lambdatest.Invocation) lambdatest.Answer { return answer })
	app := str("app")
	for _, c := range []struct {
		name         string
		given        map[string]tftypes.Value
		prepare      func()
		title, place string
		details      []string
	}{
		{
			"another status", map[string]tftypes.Value{"function_name": app, "expect": p.expecting(map[string]tftypes.Value{"status_code": num(200)})}, nil,
			`Function "app" did not answer as expected`, `AttributeName("expect")`, []string{"statusCode is 500, expected was 200.", "The end of its log:\nSTART RequestId: 0"},
		},
		{
			"too slow, and not there", map[string]tftypes.Value{"function_name": app, "expect": p.expecting(map[string]tftypes.Value{"max_duration_ms": num(5), "json": texts1(map[string]string{"body.id": "1"})})}, nil,
			`Function "app" did not answer as expected`, `AttributeName("expect")`, []string{"body.id is missing, expected was 1; it ran for 12 ms, at most 5 were expected."},
		},
		{
			"function error", map[string]tftypes.Value{"function_name": app, "qualifier": str("live"), "expect": p.expecting(map[string]tftypes.Value{"status_code": num(200)})},
			func() {
				answer = lambdatest.Answer{Payload: []byte(`{"errorMessage":"No module named 'requests'"}`), Fault: "Unhandled"}
			},
			`Function "app:live" did not answer as expected`, `AttributeName("function_name")`, []string{"It ended in an error (Unhandled): ", "No module named 'requests'"},
		},
		{
			"no function", map[string]tftypes.Value{"function_name": str("none")}, nil,
			`There is no function "none"`, `AttributeName("function_name")`, []string{"Check function_name, qualifier, the region"},
		},
		{
			"no alias", map[string]tftypes.Value{"function_name": app, "qualifier": str("gone")}, nil,
			`There is no function "app:gone"`, `AttributeName("function_name")`, nil,
		},
		{
			"refused", map[string]tftypes.Value{"function_name": app}, func() {
				fault := refused("Invoke", region)
				fault.Times = 1
				aws.Inject(fault)
			},
			"A permission is missing: lambda:InvokeFunction", `AttributeName("function_name")`, nil,
		},
		{
			"answer lost", map[string]tftypes.Value{"function_name": app},
			func() {
				aws.Inject(lambdatest.Fault{Operation: "Invoke", At: lambdatest.AfterProcessing, Close: true, Times: 9})
			},
			`Function "app" gave no answer`, `AttributeName("function_name")`, []string{"The function may have run."},
		},
	} {
		if c.prepare != nil {
			c.prepare()
		}
		told, found := p.invoke(c.given)
		if len(found) != 1 || found[0].Summary != c.title || blamed(found[0]) != c.place || len(told) != 1 {
			t.Errorf("%s: told %q, said %s", c.name, told, found)
			continue
		}
		for _, detail := range c.details {
			if !strings.Contains(found[0].Detail, detail) {
				t.Errorf("%s: %s, want %q", c.name, found[0].Detail, detail)
			}
		}
	}
}
