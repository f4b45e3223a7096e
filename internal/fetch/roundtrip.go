package fetch

import (
	"crypto/tls"
	"net/http"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// Transport returns a transport for a client of another protocol, such as that
// of a registry of images: with the proxies, certificates and user agent of c,
// and without its retries and credentials. In offline mode every request is an
// *OfflineError; a server that is silent for 30 s is a *SilentError. What it answers is
// a document of at most 4 MiB, such as the manifest of an image, but for what that
// names by digest and size.
func (c *Client) Transport() http.RoundTripper { return foreign{c} }

type foreign struct{ client *Client }

// RoundTrip sends the request under a watch of its own.
func (f foreign) RoundTrip(req *http.Request) (*http.Response, error) {
	if f.client.offline {
		return nil, &OfflineError{URL: redact(req.URL)}
	}
	ctx, watch := f.client.newPatience().watch(req.Context())
	req = req.Clone(ctx)
	if f.client.userAgent != "" {
		req.Header.Set("User-Agent", f.client.userAgent)
	}
	resp, body, err := watch.roundTrip(f.client.transport, req)
	if err != nil {
		watch.stop()
		return nil, err
	}
	body.last = true
	if !strings.Contains(req.URL.Path, "/blobs/") {
		body.limit = filetree.MaxSettings
	}
	return resp, nil
}

// TLSClient returns a client for protocols that other packages speak: without
// proxies and credentials, and it follows no redirect.
func TLSClient(settings *tls.Config) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: settings},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
