package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch/transport"
)

func TestDistilledPage(t *testing.T) {
	t.Parallel()
	var requests counter
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.next()
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Type", "text/loud")
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, "body")
	})
	client := newClient(t)
	distilled := 0
	upper := PageRequest{URL: server.URL + "/", Distillation: "upper", Distill: func(body []byte, contentType string) ([]byte, error) {
		distilled++
		return append(bytes.ToUpper(body), " of "+contentType...), nil
	}}
	fresh := upper
	fresh.MaxAge = time.Hour
	plain := PageRequest{URL: upper.URL, MaxAge: time.Hour}
	other := fresh
	other.Distillation = "upper 2"
	renewed := fresh
	renewed.Renew = true
	for i, c := range []struct {
		request             PageRequest
		body                string
		cached              bool
		requests, distilled int // so far
	}{
		{upper, "BODY of text/loud", false, 1, 1},
		{upper, "BODY of text/loud", true, 2, 1}, // confirmed by its ETag
		{fresh, "BODY of text/loud", true, 2, 1},
		{plain, "body", false, 3, 1},
		{plain, "body", true, 3, 1},
		{other, "BODY of text/loud", false, 4, 2},
		{fresh, "BODY of text/loud", true, 4, 2},
		{renewed, "BODY of text/loud", false, 5, 3},
		{fresh, "BODY of text/loud", true, 5, 3},
	} {
		page, err := client.Page(t.Context(), c.request)
		if err != nil {
			t.Fatal(err)
		}
		if string(page.Body) != c.body || page.Cached != c.cached || page.ContentType != "text/loud" {
			t.Errorf("request %d: page = %q of %q, cached %t, want %q, cached %t", i, page.Body, page.ContentType, page.Cached, c.body, c.cached)
		}
		if requests.count() != c.requests || distilled != c.distilled {
			t.Errorf("request %d: %d requests and %d distillations, want %d and %d", i, requests.count(), distilled, c.requests, c.distilled)
		}
	}
	client.offline = true
	if page, err := client.Page(t.Context(), upper); err != nil || string(page.Body) != "BODY of text/loud" {
		t.Errorf("offline: page = %v, %v", page, err)
	}
	var forbidden *OfflineError
	if _, err := client.Page(t.Context(), renewed); !errors.As(err, &forbidden) {
		t.Errorf("offline, renewed: err = %v, want an OfflineError", err)
	}
}

func TestWhatCannotBeDistilledIsNotStored(t *testing.T) {
	t.Parallel()
	var requests counter
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.next()
		fmt.Fprint(w, "body")
	})
	client := newClient(t)
	fault := errors.New("no wheel of mine")
	request := PageRequest{URL: server.URL, MaxAge: time.Hour, Distillation: "x", Distill: func([]byte, string) ([]byte, error) { return nil, fault }}
	for n := range 2 {
		if _, err := client.Page(t.Context(), request); !errors.Is(err, fault) {
			t.Errorf("err = %v, want the fault", err)
		}
		if requests.count() != n+1 {
			t.Errorf("%d requests, want %d", requests.count(), n+1)
		}
	}
}

// refusing is a transport that cannot be made.
type refusing struct{ attempts int }

func (r *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	r.attempts++
	return nil, &transport.SetupError{Err: errNoCertificates}
}

var errNoCertificates = errors.New("no certificates")

func TestATransportThatCannotBeMadeIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	r := &refusing{}
	client := newClient(t, func(o *Options) { o.Transport = r })
	if _, err := client.Page(t.Context(), PageRequest{URL: "https://index.test/"}); !errors.Is(err, errNoCertificates) {
		t.Errorf("err = %v, want the fault", err)
	}
	if r.attempts != 1 {
		t.Errorf("%d attempts with a transport that cannot be made, want one", r.attempts)
	}
}
