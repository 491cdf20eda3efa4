# Silos that only show the dashboard or host the store: no libtorch, a tenth of the size. Build it from the repository's root:
#   docker build -f deploy/docker/dashboard.Dockerfile --build-arg DOTNET_IMAGES=REGISTRY/FOLDER -t etr-dashboard:0.1.0 .
# DOTNET_IMAGES is where the official .NET images sdk and aspnet are, or your mirror of them.
ARG DOTNET_IMAGES
ARG SDK_TAG=10.0.401-noble
ARG RUNTIME_TAG=10.0.12-noble

FROM ${DOTNET_IMAGES}/sdk:${SDK_TAG} AS build
ARG ORLEANS_TLS=false
ARG ORLEANS_KUBERNETES=false
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/nuget NUGET_PACKAGES=/nuget \
    dotnet publish src/Etr.Silo -c Release -p:TorchBackend=external -p:OrleansTls=${ORLEANS_TLS} -p:OrleansKubernetes=${ORLEANS_KUBERNETES} -o /out

FROM ${DOTNET_IMAGES}/aspnet:${RUNTIME_TAG}
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o "$APP_UID" -g "$APP_UID" /data
COPY --chmod=755 deploy/docker/entrypoint.sh /usr/local/bin/etr-entrypoint
COPY --chmod=755 deploy/docker/probe.sh /usr/local/bin/etr-probe
COPY --from=build /out /app
# Only /data is written, and /tmp: run it with a read-only root file system and a tmpfs.
ENV PATH="/app:${PATH}" \
    ASPNETCORE_HTTP_PORTS= \
    Etr__Data=/data \
    Etr__Dashboard__Host=0.0.0.0 \
    Etr__Cluster__Roles=dashboard \
    Etr__Cluster__SiloPort=11111 \
    Etr__Cluster__GatewayPort=30000
VOLUME /data
EXPOSE 5080 11111 30000
USER $APP_UID
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=6 CMD ["etr-probe", "healthz"]
ENTRYPOINT ["etr-entrypoint"]
CMD ["silo"]
