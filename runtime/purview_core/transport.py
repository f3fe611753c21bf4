import httpx

HttpTransport = httpx.HTTPTransport
AsyncHttpTransport = httpx.AsyncHTTPTransport
