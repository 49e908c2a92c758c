"""How the gateway shows the batches of providers that it translates into OpenAI's form.

view            the interface of a view, and what all views share
bedrock         Amazon Bedrock: model invocation jobs, with files in S3
vertex_ai       Google Vertex AI: batch prediction jobs, with files in Cloud Storage
vertex_output   the lines of their output
cohere          Cohere: embed jobs, with files in datasets

A view makes the provider's own object of a batch from OpenAI's, and from that object what the
gateway shows. The second step is compared with the real gateway (tests/gateway); the first
follows the types in the gateway's source, because no traffic of these providers was recorded.
"""

from collections.abc import Mapping
from types import MappingProxyType

from mockbatch.web.portkey.views.bedrock import Bedrock
from mockbatch.web.portkey.views.cohere import Cohere
from mockbatch.web.portkey.views.vertex_ai import VertexAi
from mockbatch.web.portkey.views.view import View

#: The views by the name of their provider.
VIEWS: Mapping[str, View] = MappingProxyType(
    {view.provider: view for view in (Bedrock(), VertexAi(), Cohere())}
)
