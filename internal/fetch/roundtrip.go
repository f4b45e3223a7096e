package fetch

import "net/http"

// Transport returns a transport for a client of another protocol, such as that
// of a registry of images: with the proxies, certificates and user agent of c,
// and without its retries and credentials. In offline mode every request is an
// *OfflineError; a server that is silent for 30 s is a *SilentError.
func (c *Client) Transport() http.RoundTripper { return foreign{c} }

type foreign struct{ client *Client }

// RoundTrip sends the request.
func (f foreign) RoundTrip(req *http.Request) (*http.Response, error) {
	if f.client.offline {
		return nil, &OfflineError{URL: redact(req.URL)}
	}
	if f.client.userAgent != "" {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", f.client.userAgent)
	}
	return f.client.watched(req)
}
