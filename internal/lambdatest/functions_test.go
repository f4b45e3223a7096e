package lambdatest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// listing reads all pages of a region's functions, names with versions.
func listing(t *testing.T, a *AWS, between func()) []string {
	t.Helper()
	var listed []string
	marker := ""
	for {
		path := "/2015-03-31/functions?FunctionVersion=ALL&MaxItems=50&Marker=" + url.QueryEscape(marker)
		status, _, text, err := send(t, a, "lambda", "GET", path, nil)
		if err != nil || status != 200 {
			t.Fatalf("listing: %d %s, %v", status, text, err)
		}
		var page struct {
			Functions  []struct{ FunctionName, Version string }
			NextMarker string
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Functions) > 50 {
			t.Fatalf("a page has %d entries, want at most 50", len(page.Functions))
		}
		for _, f := range page.Functions {
			listed = append(listed, f.FunctionName+":"+f.Version)
		}
		if marker = page.NextMarker; marker == "" {
			return listed
		}
		between()
	}
}

func TestPagesOfFunctionsLoseNothing(t *testing.T) {
	t.Parallel()
	a := New(t)
	var want []string
	for i := range 67 {
		name := fmt.Sprintf("f-%03d", i)
		if err := a.CreateFunction("eu-west-1", name, 2); err != nil {
			t.Fatal(err)
		}
		want = append(want, name+":$LATEST", name+":1", name+":2")
	}
	if got := listing(t, a, func() {}); !slices.Equal(got, want) {
		t.Errorf("listed %d entries %v, want %d", len(got), got, len(want))
	}
	// A function that goes between two pages takes no other one with it.
	gone := 0
	got := listing(t, a, func() {
		if !a.DeleteFunction("eu-west-1", fmt.Sprintf("f-%03d", gone)) {
			t.Errorf("function %d was not there", gone)
		}
		gone++
	})
	if !slices.Equal(got, want) {
		t.Errorf("with deletions behind it the listing has %d entries, want %d", len(got), len(want))
	}
	status, _, _, err := send(t, a, "lambda", "GET", "/2015-03-31/functions?Marker=%21", nil)
	if err != nil || status != 400 {
		t.Errorf("a broken marker: %d, %v; want 400", status, err)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	a := New(t)
	if err := a.CreateFunction("eu-west-1", "f", 2); err != nil {
		t.Fatal(err)
	}
	if a.PointAlias("eu-west-1", "f", "live", 3) || !a.PointAlias("eu-west-1", "f", "live", 1) {
		t.Error("an alias points at a version that is not there, or not at one that is")
	}
	const path = "/2015-03-31/functions/f"
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"PUT", path + "/aliases/live", `{"FunctionVersion":"3"}`, 404, ""},
		{"DELETE", path + "?Qualifier=1", "", 409, "live"},
		{"GET", path + "/configuration?Qualifier=live", "", 200, `"Version":"1"`},
		{"PUT", path + "/aliases/live", `{"FunctionVersion":"2"}`, 200, `"FunctionVersion":"2"`},
		{"GET", path + "/aliases/live", "", 200, `"FunctionVersion":"2"`},
		{"DELETE", path + "?Qualifier=1", "", 204, ""},
		{"GET", path + "/aliases/other", "", 404, ""},
		{"GET", "/2015-03-31/functions/g/aliases/live", "", 404, ""},
	} {
		status, _, text, err := send(t, a, "lambda", c.method, c.path, []byte(c.body))
		if err != nil || status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s %s: %d %s, %v; want %d with %s", c.method, c.path, status, text, err, c.status, c.want)
		}
	}
}

// TestDo answers without a connection what a server would.
func TestDo(t *testing.T) {
	t.Parallel()
	a := Unserved()
	ask := func() (*http.Response, error) {
		request, err := http.NewRequestWithContext(t.Context(), "GET", a.URL()+layersPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/lambda/aws4_request")
		return a.Do(request)
	}
	answer, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || string(text) != `{"Layers":[]}` {
		t.Errorf("answered %d %s, %v; want 200 without layers", answer.StatusCode, text, err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	a.Inject(Fault{Close: true})
	if answer, err = ask(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a cut connection: %v, want ErrUnexpectedEOF", err)
	}
	if err == nil {
		t.Error(answer.Body.Close())
	}
	if n := len(a.Calls("ListLayers")); n != 2 {
		t.Errorf("%d calls on record, want 2", n)
	}
}
